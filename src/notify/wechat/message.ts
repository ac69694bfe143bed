/** From a notification to the requests of WeCom's API (alertmanager notify/wechat/wechat.go). */
import { queryEscape } from '../../lib/query-escape.ts';
import { truncateBytes } from '../../template/truncate.ts';
import { emptySecret, FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { jsonRequest, type Made, made, orLeftOut } from '../outgoing.ts';
import { extendUrl } from '../url-field.ts';
import type { WechatConfig } from './config.ts';

/** WeCom cuts off the rest, wherever that is. */
const CONTENT_BYTES_MAX = 2048;

/** `apiSecret` is a template. */
export function wechatTokenRequest(config: WechatConfig, input: SendInput, apiSecret: string): Made {
  const render = new FieldRenderer(input);
  const secret = render.text(apiSecret);
  if (secret === '') return { kind: 'refused', why: emptySecret('api_secret', render) };
  const query = `corpid=${queryEscape(render.text(config.corpId))}&corpsecret=${queryEscape(secret)}`;
  return made({ method: 'GET', url: `${extendUrl(config.apiUrl, 'gettoken')}?${query}`, headers: {} }, render);
}

export function wechatRequest(config: WechatConfig, input: SendInput, accessToken: string): Made {
  const render = new FieldRenderer(input);
  const message = {
    touser: orLeftOut(render.text(config.toUser)),
    toparty: orLeftOut(render.text(config.toParty)),
    totag: orLeftOut(render.text(config.toTag)),
    agentid: orLeftOut(render.text(config.agentId)),
    safe: '0',
    msgtype: config.messageType,
  };
  const content = render.body(config.message, { max: CONTENT_BYTES_MAX, truncate: truncateBytes });
  const isMarkdown = config.messageType === 'markdown';
  const texts = { text: { content: isMarkdown ? '' : content }, markdown: { content: isMarkdown ? content : '' } };
  const url = `${extendUrl(config.apiUrl, 'message/send')}?access_token=${queryEscape(accessToken)}`;
  return made(jsonRequest(url, { ...message, ...texts }), render);
}
