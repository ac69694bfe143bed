import { expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { unixMs } from '../model/time.ts';
import { type AlertExpansion, type AlertTemplateInput, alertExpander, alertTemplate, checkAlertTemplate } from './alert-template.ts';

const INPUT: AlertTemplateInput = {
  labels: Labels.of({ instance: 'web-1:9100', job: 'node' }),
  externalLabels: Labels.of({ cluster: 'eu' }),
  externalUrl: 'http://prom.example/prefix',
  value: 0.93,
  at: unixMs(1_700_000_000_000),
  query: (expression) => {
    if (expression !== 'up') return { error: `parse error: ${expression}` };
    return [
      { labels: Labels.of({ instance: 'b' }), value: 0 },
      { labels: Labels.of({ instance: 'a' }), value: 1 },
    ];
  },
};

const expand = (text: string, input: AlertTemplateInput): AlertExpansion => alertExpander(input)(alertTemplate('HighLoad', text));

test.each([
  { text: 'plain {text}', becomes: 'plain {text}' },
  { text: '{{ $labels.instance }} is at {{ $value | humanizePercentage }}', becomes: 'web-1:9100 is at 93%' },
  {
    text: '{{ .Labels.job }}/{{ $externalLabels.cluster }}/{{ $externalURL }}/{{ .Value }}',
    becomes: 'node/eu/http://prom.example/prefix/0.93',
  },
  { text: '[{{ $labels.nope }}]', becomes: '[]' },
  { text: '{{ range query "up" | sortByLabel "instance" }}{{ .Labels.instance }}={{ .Value }};{{ end }}', becomes: 'a=1;b=0;' },
  { text: '{{ with query "up" }}{{ . | first | value }}{{ end }}', becomes: '0' },
  { text: '{{ externalURL }}{{ pathPrefix }} {{ now }}', becomes: 'http://prom.example/prefix/prefix 1.7e+09' },
  { text: '{{ printf "%.1f" $value }} {{ $labels }}', becomes: '0.9 map[instance:web-1:9100 job:node]' },
])('$text becomes $becomes', ({ text, becomes }) => {
  expect(expand(text, INPUT)).toEqual({ text: becomes });
});

test.each([
  {
    text: '{{ $labels.x.y }}',
    error: 'executing "__alert_HighLoad" at <$labels.x.y>: can\'t evaluate field y in type string',
  },
  {
    text: '{{ $value.x }}',
    error: 'executing "__alert_HighLoad" at <$value.x>: can\'t evaluate field x in type float64',
  },
  {
    text: '{{ .Value.x }}',
    error: 'executing "__alert_HighLoad" at <.Value.x>: can\'t evaluate field x in type interface {}',
  },
  {
    text: '{{ .Nope }}',
    error:
      'executing "__alert_HighLoad" at <.Nope>: can\'t evaluate field Nope in type struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }',
  },
  { text: '{{ query "down" }}', error: 'executing "__alert_HighLoad" at <query "down">: error calling query: parse error: down' },
])('$text fails as in Go', ({ text, error }) => {
  const result = expand(text, INPUT);
  expect('error' in result && result.error).toMatch(/^error executing template __alert_HighLoad: template: __alert_HighLoad:1:\d+: /);
  expect('error' in result && result.error).toContain(error);
});

test('a native histogram prints as its text', () => {
  expect(expand('{{ $value }}', { ...INPUT, histogram: '{count:3, sum:10}' })).toEqual({ text: '{count:3, sum:10}' });
});

test('a check names the first mistake and runs nothing', () => {
  expect(checkAlertTemplate('A', 'no template')).toBeNull();
  expect(checkAlertTemplate('A', '{{ query "anything" }}')).toBeNull();
  expect(checkAlertTemplate('A', '{{ $labels.a')).toBe('template: __alert_A:1: unclosed action');
  expect(checkAlertTemplate('A', '{{ nope }}')).toBe('template: __alert_A:1: function "nope" not defined');
  expect(checkAlertTemplate('A', '{{ $x }}')).toBe('template: __alert_A:1: undefined variable "$x"');
});

test.each([
  { what: 'prototype properties of a map', text: '{{ $labels.constructor }}{{ $labels.__proto__ }}{{ $labels.toString }}', becomes: '' },
  {
    what: 'prototype properties of what args gives',
    text: '{{ with args 1 }}{{ .__proto__ }}{{ .hasOwnProperty }}{{ end }}',
    becomes: '<no value><no value>',
  },
])('$what are out of reach', ({ text, becomes }) => {
  expect(expand(text, INPUT)).toEqual({ text: becomes });
});

test.each([
  { what: 'doubling a text', text: '{{ $x := "ab" }}{{ range 1000 }}{{ $x = print $x $x }}{{ end }}' },
  { what: 'a template that calls itself', text: '{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}' },
  { what: 'wide padding in a loop', text: '{{ range 100000 }}{{ printf "%1000000d" 1 }}{{ end }}' },
  { what: 'an empty match before every character', text: '{{ $x := printf "%100000s" "" }}{{ reReplaceAll "" $x $x }}' },
])('$what ends with an error', ({ text }) => {
  expect(expand(text, INPUT)).toHaveProperty('error');
});
