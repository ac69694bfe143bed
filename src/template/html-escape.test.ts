import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ANY_MAP,
  type GoFunction,
  type GoValue,
  goBool,
  goFunction,
  goInt,
  goMap,
  goSlice,
  goString,
  STRING,
  STRINGS,
} from '../lib/go-value.ts';
import { HTML_CONTENT, URL_CONTENT } from './content.ts';
import { TemplateSet } from './template-set.ts';

const FUNCTIONS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ['safeHtml', goFunction([STRING], ([text]) => goString(text?.kind === 'string' ? text.text : '', HTML_CONTENT))],
  ['safeUrl', goFunction([STRING], ([text]) => goString(text?.kind === 'string' ? text.text : '', URL_CONTENT))],
]);
const SET = new TemplateSet(new Map(), { functions: FUNCTIONS });
const DATA = goMap(
  ANY_MAP,
  new Map<string, GoValue | null>([
    ['x', goString('<b a="1">&\'+</b>')],
    ['js', goString('javascript:alert(1)')],
    ['url', goString('http://h/p?q=1 2&r=ü')],
    ['n', goInt(42)],
    ['t', goBool(true)],
    ['list', goSlice(STRINGS, [goString('<1>'), goString('2')])],
    ['nil', null],
  ]),
);

function run(text: string): string {
  const rendered = SET.executeHtml(text, DATA, { name: 't' });
  return 'error' in rendered ? rendered.error : rendered.text;
}

test.each([
  { where: 'text', text: '<p>{{ .x }}</p>', becomes: '<p>&lt;b a=&#34;1&#34;&gt;&amp;&#39;&#43;&lt;/b&gt;</p>' },
  { where: 'text that is trusted', text: '<p>{{ "<i>&" | safeHtml }}</p>', becomes: '<p><i>&</p>' },
  { where: 'a quoted attribute', text: '<p title="{{ .x }}">', becomes: '<p title="&lt;b a=&#34;1&#34;&gt;&amp;&#39;&#43;&lt;/b&gt;">' },
  { where: 'an attribute, tags stripped from HTML', text: '<p title="{{ "<i>a</i> &amp;" | safeHtml }}">', becomes: '<p title="a &amp;">' },
  { where: 'an unquoted attribute', text: '<p title={{ "a b=c" }}>', becomes: '<p title=a&#32;b&#61;c>' },
  { where: 'an unquoted attribute without a value', text: '<p title={{ "" }}>', becomes: '<p title=ZgotmplZ>' },
  { where: 'an attribute name', text: '<input {{ "checked" }} {{ "onclick" }}="x">', becomes: '<input checked ZgotmplZ="x">' },
  { where: 'a URL', text: '<a href="{{ .url }}">', becomes: '<a href="http://h/p?q=1%202&amp;r=%c3%bc">' },
  {
    where: 'a URL with an unsafe scheme',
    text: '<a href="{{ .js }}"><img src=\'{{ .js }}\'>',
    becomes: '<a href="#ZgotmplZ"><img src=\'#ZgotmplZ\'>',
  },
  { where: 'a URL that is trusted', text: '<a href="{{ .js | safeUrl }}">', becomes: '<a href="javascript:alert%281%29">' },
  { where: 'a query', text: '<a href="/x?q={{ .url }}">', becomes: '<a href="/x?q=http%3a%2f%2fh%2fp%3fq%3d1%202%26r%3d%c3%bc">' },
  { where: 'a path', text: '<a href="/x/{{ "a b/c" }}">', becomes: '<a href="/x/a%20b/c">' },
  { where: 'a srcset', text: '<img srcset="{{ "/a 2x, javascript:b" }}">', becomes: '<img srcset="/a 2x,#ZgotmplZ">' },
  { where: 'a data attribute that looks like a URL', text: '<p data-url="{{ .js }}">', becomes: '<p data-url="#ZgotmplZ">' },
  {
    where: 'a style',
    text: '<p style="width: {{ .n }}px; color: {{ "red" }}; {{ "expression(1)" }}">',
    becomes: '<p style="width: 42px; color: red; ZgotmplZ">',
  },
  { where: 'a CSS string', text: '<style>p { content: "{{ "a\\"b" }}" }</style>', becomes: '<style>p { content: "a\\22 b" }</style>' },
  { where: 'a CSS URL', text: '<p style="background: url({{ .js }})">', becomes: '<p style="background: url(#ZgotmplZ)">' },
  {
    where: 'a handler',
    text: '<a onclick="f({{ .x }}, {{ .n }})">',
    becomes: '<a onclick="f(&#34;\\u003cb a=\\&#34;1\\&#34;\\u003e\\u0026&#39;&#43;\\u003c/b\\u003e&#34;,  42 )">',
  },
  {
    where: 'a script',
    text: '<script>var a = {{ .list }}, b = "{{ "\\"</script>" }}", c = /{{ "a.b" }}/, d = {{ .nil }};</script>',
    becomes: '<script>var a = ["\\u003c1\\u003e","2"], b = "\\u0022\\u003c\\/script\\u003e", c = /a\\.b/, d =  null ;</script>',
  },
  {
    where: 'a template literal',
    text: '<script>var a = `${ "{{ "x" }}" } {{ "${y}" }}`</script>',
    becomes: '<script>var a = `${ "x" } \\u0024\\u007by\\u007d`</script>',
  },
  {
    where: 'a text area',
    text: '<textarea>{{ .x }}</textarea>',
    becomes: '<textarea>&lt;b a=&#34;1&#34;&gt;&amp;&#39;&#43;&lt;/b&gt;</textarea>',
  },
  { where: 'a comment', text: 'a<!-- {{ .x }} -->b<script>/* {{ .x }} */ 1 // {{ .x }}\n</script>', becomes: 'ab<script>   1 \n</script>' },
  {
    where: 'a refresh',
    text: '<meta http-equiv="refresh" content="0; url={{ .js }}">',
    becomes: '<meta http-equiv="refresh" content="0; url=#ZgotmplZ">',
  },
  { where: 'a lone angle bracket', text: 'a < b {{ .n }}', becomes: 'a &lt; b 42' },
  {
    where: 'a predefined escaper',
    text: '{{ .x | html }} {{ html .x }} <a href="/x?q={{ "a b" | urlquery }}">',
    becomes: '&lt;b a=&#34;1&#34;&gt;&amp;&#39;+&lt;/b&gt; &lt;b a=&#34;1&#34;&gt;&amp;&#39;+&lt;/b&gt; <a href="/x?q=a&#43;b">',
  },
  {
    where: 'a called template, by where it is called',
    text: '{{ define "v" }}{{ .js }}{{ end }}{{ template "v" . }} <a href="{{ template "v" . }}">',
    becomes: 'javascript:alert(1) <a href="#ZgotmplZ">',
  },
  { where: 'a loop', text: '<ul>{{ range .list }}<li>{{ . }}{{ else }}none{{ end }}</ul>', becomes: '<ul><li>&lt;1&gt;<li>2</ul>' },
  {
    where: 'a recursive template',
    text: '{{ define "r" }}<i>{{ . }}</i>{{ if eq . 42 }}{{ template "r" 7 }}{{ end }}{{ end }}{{ template "r" .n }}',
    becomes: '<i>42</i><i>7</i>',
  },
])('in $where a value is harmless', ({ text, becomes }) => {
  expect(run(text)).toBe(becomes);
});

test.each([
  {
    text: '<a href="{{ if .t }}x{{ else }}y?{{ end }}{{ .x }}">',
    error: 'html/template:t:1:45: {{.x}} appears in an ambiguous context within a URL',
  },
  {
    text: '{{ if .t }}<a href="{{ end }}',
    error:
      'html/template:t:1:6: {{if}} branches end in different contexts: {stateURL delimDoubleQuote urlPartNone jsCtxRegexp [] attrURL elementNone <nil>}, {stateText delimNone urlPartNone jsCtxRegexp [] attrNone elementNone <nil>}',
  },
  {
    text: '<a href="',
    error: 'html/template:t: ends in a non-text context: {stateURL delimDoubleQuote urlPartNone jsCtxRegexp [] attrURL elementNone <nil>}',
  },
  { text: '<p a=`{{ .x }}`>', error: 'html/template:t: "`" in unquoted attr: "`"' },
  { text: '<p "{{ .x }}">', error: 'html/template:t: "\\"" in attribute name: " \\""' },
  { text: '{{ .x | html | print }}', error: 'html/template:t:1:3: predefined escaper "html" disallowed in template' },
  { text: '{{ template "none" }}', error: 'html/template:t:1:12: no such template "none"' },
  {
    text: '{{ range .list }}<a b="{{ end }}',
    error:
      'html/template:t:1:9: on range loop re-entry: {{range}} branches end in different contexts: {stateAttr delimDoubleQuote urlPartNone jsCtxRegexp [] attrNone elementNone <nil>}, {stateTag delimNone urlPartNone jsCtxRegexp [] attrNone elementNone <nil>}',
  },
  { text: '<script>{{ if .t }}a{{ end }}/{{ .n }}/</script>', error: 'html/template:t: \'/\' could start a division or regexp: "/"' },
])('$text cannot be escaped', ({ text, error }) => {
  expect(run(text)).toBe(error);
});

test('no value gets out of its element or attribute', () => {
  const contexts = [
    '<p>{{ .v }}</p>',
    '<p title="{{ .v }}">',
    "<p title='{{ .v }}'>",
    '<a href="{{ .v }}">',
    '<p style="color: {{ .v }}">',
    '<a onclick="f({{ .v }})">',
    '<textarea>{{ .v }}</textarea>',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...contexts),
      fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '/', ':', 'javascript', ' ', 'a', '\\', ')', ';') }),
      (text, value) => {
        const [before = '', after = ''] = text.split('{{ .v }}');
        const rendered = SET.executeHtml(text, goMap(ANY_MAP, new Map([['v', goString(value)]])));
        const output = 'text' in rendered ? rendered.text : '';
        expect(output.startsWith(before) && output.endsWith(after)).toBe(true);
        const inserted = output.slice(before.length, output.length - after.length);
        expect(inserted).not.toMatch(/[<>"']/);
        if (text.includes('href')) expect(inserted).not.toMatch(/^\s*javascript:/);
      },
    ),
    { numRuns: 1000 },
  );
});
