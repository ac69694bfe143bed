CREATE TABLE `alert` (
	`fingerprint` text PRIMARY KEY NOT NULL,
	`labels` text NOT NULL,
	`annotations` text NOT NULL,
	`starts_at_ms` integer NOT NULL,
	`ends_at_ms` integer,
	`updated_at_ms` integer NOT NULL,
	`generator_url` text NOT NULL,
	`is_timeout` integer NOT NULL,
	`origin` text NOT NULL,
	`resolve_reason` text
);
--> statement-breakpoint
CREATE TABLE `alert_group` (
	`id` text PRIMARY KEY NOT NULL,
	`group_key` text NOT NULL,
	`route_id` text NOT NULL,
	`receiver` text NOT NULL,
	`labels` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	`next_flush_at_ms` integer NOT NULL,
	`flush_count` integer NOT NULL,
	`muted_by` text NOT NULL,
	`integrations` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `event` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at_ms` integer NOT NULL,
	`fingerprint` text,
	`group_key` text,
	`incident` text,
	`stage` text NOT NULL,
	`verdict` text NOT NULL,
	`reason` text NOT NULL,
	`detail` text,
	`config_hash` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `event_by_fingerprint` ON `event` (`fingerprint`,`at_ms`);--> statement-breakpoint
CREATE INDEX `event_by_group` ON `event` (`group_key`,`at_ms`);--> statement-breakpoint
CREATE INDEX `event_by_time` ON `event` (`at_ms`);--> statement-breakpoint
CREATE TABLE `group_member` (
	`group_id` text NOT NULL,
	`fingerprint` text NOT NULL,
	`joined_at_ms` integer NOT NULL,
	`suppression` text,
	`resolved_flush` integer,
	PRIMARY KEY(`group_id`, `fingerprint`)
);
--> statement-breakpoint
CREATE TABLE `inbox_message` (
	`outbox_id` text PRIMARY KEY NOT NULL,
	`at_ms` integer NOT NULL,
	`receiver` text NOT NULL,
	`subject` text NOT NULL,
	`text` text NOT NULL,
	`html` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `inbox_by_time` ON `inbox_message` (`at_ms`);--> statement-breakpoint
CREATE TABLE `notification_log` (
	`key` text PRIMARY KEY NOT NULL,
	`group_key` text NOT NULL,
	`receiver` text NOT NULL,
	`integration` text NOT NULL,
	`integration_index` integer NOT NULL,
	`at_ms` integer NOT NULL,
	`firing` text NOT NULL,
	`resolved` text NOT NULL,
	`expires_at_ms` integer NOT NULL,
	`data` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `outbox` (
	`id` text PRIMARY KEY NOT NULL,
	`group_id` text NOT NULL,
	`group_key` text NOT NULL,
	`receiver` text NOT NULL,
	`integration` text NOT NULL,
	`integration_index` integer NOT NULL,
	`reason` text NOT NULL,
	`flush` integer NOT NULL,
	`created_at_ms` integer NOT NULL,
	`deadline_ms` integer NOT NULL,
	`firing` text NOT NULL,
	`resolved` text NOT NULL,
	`repeat_interval_ms` integer NOT NULL,
	`data` text NOT NULL,
	`notification` text NOT NULL,
	`state` text NOT NULL,
	`attempts` integer NOT NULL,
	`attempt_id` text,
	`boot_id` text,
	`next_attempt_at_ms` integer NOT NULL,
	`settled_at_ms` integer,
	`answer` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `outbox_by_state` ON `outbox` (`state`);--> statement-breakpoint
CREATE INDEX `outbox_by_creation` ON `outbox` (`created_at_ms`);--> statement-breakpoint
CREATE TABLE `rule_alert` (
	`id` text PRIMARY KEY NOT NULL,
	`group_key` text NOT NULL,
	`rule_name` text NOT NULL,
	`rule_ordinal` integer NOT NULL,
	`labels` text NOT NULL,
	`annotations` text NOT NULL,
	`state` text NOT NULL,
	`active_at_ms` integer NOT NULL,
	`fired_at_ms` integer,
	`keep_firing_since_ms` integer,
	`value` text NOT NULL,
	`announced` text
);
--> statement-breakpoint
CREATE INDEX `rule_alert_by_group` ON `rule_alert` (`group_key`);--> statement-breakpoint
CREATE TABLE `silence` (
	`id` text PRIMARY KEY NOT NULL,
	`matcher_sets` text NOT NULL,
	`starts_at_ms` integer NOT NULL,
	`ends_at_ms` integer NOT NULL,
	`updated_at_ms` integer NOT NULL,
	`created_by` text NOT NULL,
	`comment` text NOT NULL,
	`annotations` text NOT NULL
);
