/** All that the page at / shows, gathered in one go: plain data, ready to be printed. Instants are milliseconds. */
export type Overview = {
  readonly title: string;
  readonly version: string;
  readonly now: number;
  readonly startedAt: number;
  /** Path prefix of all links, without a slash at the end. */
  readonly prefix: string;
  readonly alerts: readonly OverviewAlert[];
  /** Alerts in all; the list is cut at `shownMax`. */
  readonly alertCount: number;
  readonly pendingCount: number;
  readonly silences: readonly OverviewSilence[];
  readonly notifications: readonly OverviewNotification[];
  readonly targets: readonly OverviewTarget[];
  readonly rules: {
    readonly groups: number;
    readonly rules: number;
    readonly failing: readonly { readonly rule: string; readonly error: string }[];
    readonly evaluatedAt: number | null;
  };
  /** What an operator should look at now, worst first. */
  readonly problems: readonly string[];
  /** What a form sent here just before said: done, or what was wrong. */
  readonly notice: string | null;
};

export type OverviewAlert = {
  readonly fingerprint: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly annotations: readonly (readonly [name: string, value: string])[];
  readonly startsAt: number;
  readonly generatorUrl: string;
  readonly state: 'active' | 'suppressed' | 'unprocessed';
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
  readonly mutedBy: readonly string[];
  /** Where it goes: receiver, the matchers on the way, the group and when that is looked at next. */
  readonly routes: readonly {
    readonly receiver: string;
    readonly routeKey: string;
    readonly groupKey: string;
    readonly nextFlushAt: number | null;
    /** Who looks after the group, so that nobody is told again. */
    readonly acknowledged: { readonly by: string; readonly at: number } | null;
  }[];
  /** What happened to it, oldest first. */
  readonly story: readonly {
    readonly at: number;
    readonly stage: string;
    readonly verdict: string;
    readonly reason: string;
    readonly detail: string;
  }[];
};

export type OverviewSilence = {
  readonly id: string;
  readonly state: 'pending' | 'active';
  readonly matchers: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly createdBy: string;
  readonly comment: string;
};

export type OverviewNotification = {
  readonly id: string;
  readonly createdAt: number;
  readonly receiver: string;
  readonly integration: string;
  readonly reason: string;
  readonly state: string;
  readonly answer: string;
  readonly groupKey: string;
  readonly alerts: number;
  /** Of the inbox: as sent. */
  readonly subject: string | null;
  readonly text: string | null;
};

export type OverviewTarget = {
  readonly job: string;
  readonly url: string;
  readonly health: 'up' | 'down' | 'unknown';
  readonly lastError: string;
  readonly lastScrapeAt: number | null;
  readonly lastScrapeMs: number;
};
