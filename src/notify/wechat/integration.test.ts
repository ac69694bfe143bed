import { expect, test } from 'vitest';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';
import { response } from '../../../test/support/scripted-http.ts';

const LEAST = 'api_secret: s\ncorp_id: c';

test.each([
  ['corp_id: c', 'no global Wechat Api Secret set either inline or in a file'],
  ['api_secret: s', 'no global Wechat CorpID set'],
  [`${LEAST}\napi_secret_file: /f`, 'at most one of api_secret & api_secret_file must be configured'],
  [`${LEAST}\nmessage_type: html`, 'weChat message type "html" does not match valid options ^(text|markdown)$'],
])('%j is refused', (yaml, error) => {
  expect(configError('wechat', yaml)).toContain(error);
});

/** Answers to sends, in order; a token is always given. */
const bench = (yaml: string, ...answers: readonly string[]): ReceiverBench => {
  const left = [...answers];
  let tokens = 0;
  return new ReceiverBench('wechat', yaml, {
    answer: ({ url }) =>
      response(url.includes('gettoken') ? `{"errcode":0,"access_token":"t${++tokens}"}` : (left.shift() ?? '{"errcode":0}')),
  });
};

test('a message, after a token that is kept', async () => {
  const wechat = bench("api_secret: s&s\ncorp_id: c\nto_user: '@all'\nagent_id: 1\nmessage: '{{ .Status }}'");
  expect(await wechat.send()).toMatchObject({ kind: 'accepted' });
  await wechat.send();
  expect(wechat.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET https://qyapi.weixin.qq.com/cgi-bin/gettoken?corpid=c&corpsecret=s%26s',
    'POST https://qyapi.weixin.qq.com/cgi-bin/message/send?access_token=t1',
    'POST https://qyapi.weixin.qq.com/cgi-bin/message/send?access_token=t1',
  ]);
  expect(wechat.body(1)).toEqual({
    touser: '@all',
    agentid: '1',
    safe: '0',
    msgtype: 'text',
    text: { content: 'firing' },
    markdown: { content: '' },
  });
});

test('markdown', async () => {
  const wechat = bench(`${LEAST}\nmessage_type: markdown\nmessage: m`);
  await wechat.send();
  expect(wechat.body(1)).toMatchObject({ msgtype: 'markdown', text: { content: '' }, markdown: { content: 'm' } });
});

test.each([
  ['{"errcode":42001,"errmsg":"expired"}', { kind: 'rejected', retry: true, message: 'expired' }],
  ['{"errcode":40013,"errmsg":"bad corp"}', { kind: 'rejected', retry: false, message: 'bad corp' }],
])('after %s the token is fetched anew', async (answer, outcome) => {
  const wechat = bench(LEAST, answer);
  expect(await wechat.send()).toMatchObject(outcome);
  expect(await wechat.send()).toMatchObject({ kind: 'accepted' });
  expect(wechat.requests.at(-1)?.url).toContain('access_token=t2');
});

test('a wrong secret is told', async () => {
  const wechat = new ReceiverBench('wechat', LEAST, { answer: () => response('{"errcode":40001}') });
  expect(await wechat.send()).toMatchObject({ kind: 'rejected', retry: false, message: 'invalid APISecret for CorpID: c' });
});
