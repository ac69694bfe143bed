/** What a receiver would send for an alert, and what its providers answered where it was sent: nothing in it is secret. */
export type ReceiverTest = {
  readonly receiver: string;
  readonly integrations: readonly IntegrationTest[];
};

export type IntegrationTest = {
  /** `slack[0]` */
  readonly integration: string;
  readonly messages: readonly TestedMessage[];
  readonly outcome: TestOutcome;
};

export type TestOutcome =
  /** Not sent. `note`: what its history would say of it, such as a template that failed; '' for nothing. */
  | { readonly kind: 'made'; readonly note: string }
  | { readonly kind: 'accepted'; readonly answer: string }
  /** `unknown`: it may have been taken. */
  | { readonly kind: 'rejected' | 'unknown'; readonly message: string };

export type TestedMessage =
  | {
      readonly kind: 'http';
      readonly method: string;
      readonly url: string;
      readonly headers: readonly (readonly [name: string, value: string])[];
      readonly body: string;
      /** Null where it was not sent. */
      readonly answer: { readonly status: number; readonly body: string } | { readonly error: string } | null;
    }
  | {
      readonly kind: 'mail';
      /** `smtp.example.org:587` */
      readonly server: string;
      readonly headers: readonly (readonly [name: string, value: string])[];
      readonly text: string;
      readonly html: string;
    }
  /** What is spoken is TwiML. */
  | { readonly kind: 'call' | 'text'; readonly from: string; readonly to: string; readonly text: string }
  | { readonly kind: 'inbox'; readonly subject: string; readonly text: string; readonly html: string };

/** Of the alert that is made for it; `isResolved`: one that is over. */
export type ReceiverTestAsked = {
  /** Otherwise providers are pretended to, and nothing leaves. */
  readonly send: boolean;
  readonly isResolved: boolean;
  /** Over those that the alert has anyway. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};
