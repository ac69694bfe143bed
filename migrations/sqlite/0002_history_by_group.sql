DROP INDEX `outbox_by_state`;--> statement-breakpoint
CREATE INDEX `outbox_by_group` ON `outbox` (`group_key`,`created_at_ms`);--> statement-breakpoint
CREATE INDEX `outbox_by_state` ON `outbox` (`state`,`created_at_ms`);