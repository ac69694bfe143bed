/** What stands behind /api/tocsin/v1/receivers: the receivers of the live configuration. */
import type { ReceiversBackend } from '../../api/tocsin-v1/backend.ts';
import type { App } from '../app.ts';
import { testReceiver } from '../receivers/test-receiver.ts';

export const receiversBackend = (app: App): ReceiversBackend => ({
  test: (name, asked) => {
    const { alertmanager, templates } = app.config;
    return testReceiver(name, asked, { receivers: alertmanager.receivers, templates, externalUrl: app.externalUrl }, app.ports);
  },
});
