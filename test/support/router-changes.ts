import type { RouterChanges } from '../../src/alerts/router-state.ts';

/** A step of the router that changed nothing: tests add what theirs changed. */
export const EMPTY_CHANGES: RouterChanges = {
  alertsUpserted: [],
  alertsDeleted: [],
  groupsUpserted: [],
  groupsDeleted: [],
  membersUpserted: [],
  membersDeleted: [],
  logUpserted: [],
  logDeleted: [],
  silencesUpserted: [],
  silencesDeleted: [],
  outboxInserted: [],
  outboxCancelled: [],
  outboxUndelivered: [],
  events: [],
};
