/** What the value of an HTML attribute is (html/template/attr.go): decides how an insertion is escaped. */
export type AttributeContent = 'plain' | 'url' | 'css' | 'js' | 'srcset' | 'html' | 'unsafe';

const URLS = 'action archive background cite classid codebase data formaction href icon longdesc manifest poster profile src usemap xmlns';
/** They change how other content or the network message is understood, so they are never computed. */
const UNSAFE =
  'accept-charset async challenge charset content crossorigin defer enctype form formenctype formmethod formnovalidate http-equiv keytype language method novalidate pattern rel sandbox type value';
const PLAIN =
  'accept alt autocomplete autofocus autoplay border checked class cols colspan contenteditable contextmenu controls coords datetime default dir dirname disabled draggable dropzone for formtarget headers height hidden high hreflang id ismap kind label lang list loop low max maxlength media mediagroup min multiple name open optimum placeholder preload pubdate radiogroup readonly required reversed rows rowspan spellcheck scope scoped seamless selected shape size sizes span srclang start step tabindex target title width wrap';

const KNOWN = new Map<string, AttributeContent>([
  ...URLS.split(' ').map((name) => [name, 'url'] as const),
  ...UNSAFE.split(' ').map((name) => [name, 'unsafe'] as const),
  ...PLAIN.split(' ').map((name) => [name, 'plain'] as const),
  ['srcdoc', 'html'],
  ['srcset', 'srcset'],
  ['style', 'css'],
]);

/** `name` in lower case. Unknown names are judged by their looks: on… is a handler, …src…, …uri…, …url… a URL. */
export function attributeContent(name: string): AttributeContent {
  let bare = name;
  if (name.startsWith('data-')) bare = name.slice('data-'.length);
  else if (name.includes(':')) {
    if (name.startsWith('xmlns:')) return 'url';
    bare = name.slice(name.indexOf(':') + 1);
  }
  const known = KNOWN.get(bare);
  if (known !== undefined) return known;
  if (bare.startsWith('on')) return 'js';
  return /src|uri|url/.test(bare) ? 'url' : 'plain';
}
