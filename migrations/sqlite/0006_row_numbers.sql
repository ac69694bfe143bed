CREATE TABLE `event_indexed` (
	`id` integer PRIMARY KEY NOT NULL,
	`event_id` integer NOT NULL
);
--> statement-breakpoint
DROP INDEX `event_by_fingerprint`;--> statement-breakpoint
DROP INDEX `event_by_group`;--> statement-breakpoint
ALTER TABLE `event` ADD `is_indexed` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE `event` SET `is_indexed` = 1;--> statement-breakpoint
INSERT INTO `event_indexed` (`id`, `event_id`) SELECT 1, coalesce(max(`id`), 0) FROM `event`;--> statement-breakpoint
CREATE INDEX `event_by_fingerprint` ON `event` (`fingerprint`,`at_ms`) WHERE "event"."is_indexed" = 1;--> statement-breakpoint
CREATE INDEX `event_by_group` ON `event` (`group_key`,`at_ms`) WHERE "event"."is_indexed" = 1;--> statement-breakpoint
PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_group_member` (
	`number` integer PRIMARY KEY NOT NULL,
	`group_number` integer NOT NULL,
	`fingerprint` text NOT NULL,
	`joined_at_ms` integer NOT NULL,
	`suppression` text,
	`resolved_flush` integer
);
--> statement-breakpoint
INSERT INTO `__new_group_member`("group_number", "fingerprint", "joined_at_ms", "suppression", "resolved_flush") SELECT `alert_group`.rowid, "fingerprint", "joined_at_ms", "suppression", "resolved_flush" FROM `group_member` JOIN `alert_group` ON `alert_group`.`id` = `group_member`.`group_id`;--> statement-breakpoint
DROP TABLE `group_member`;--> statement-breakpoint
ALTER TABLE `__new_group_member` RENAME TO `group_member`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE TABLE `__new_alert` (
	`number` integer PRIMARY KEY NOT NULL,
	`fingerprint` text NOT NULL,
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
INSERT INTO `__new_alert`("number", "fingerprint", "labels", "annotations", "starts_at_ms", "ends_at_ms", "updated_at_ms", "generator_url", "is_timeout", "origin", "resolve_reason") SELECT rowid, "fingerprint", "labels", "annotations", "starts_at_ms", "ends_at_ms", "updated_at_ms", "generator_url", "is_timeout", "origin", "resolve_reason" FROM `alert`;--> statement-breakpoint
DROP TABLE `alert`;--> statement-breakpoint
ALTER TABLE `__new_alert` RENAME TO `alert`;--> statement-breakpoint
CREATE TABLE `__new_alert_group` (
	`number` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`group_key` text NOT NULL,
	`route_id` text NOT NULL,
	`receiver` text NOT NULL,
	`labels` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	`next_flush_at_ms` integer NOT NULL,
	`flush_count` integer NOT NULL,
	`muted_by` text NOT NULL,
	`integrations` text NOT NULL,
	`ack` text,
	`stand_ins` text DEFAULT '[]' NOT NULL,
	`escalations` text DEFAULT '[]' NOT NULL
);
--> statement-breakpoint
INSERT INTO `__new_alert_group`("number", "id", "group_key", "route_id", "receiver", "labels", "created_at_ms", "next_flush_at_ms", "flush_count", "muted_by", "integrations", "ack", "stand_ins", "escalations") SELECT rowid, "id", "group_key", "route_id", "receiver", "labels", "created_at_ms", "next_flush_at_ms", "flush_count", "muted_by", "integrations", "ack", "stand_ins", "escalations" FROM `alert_group`;--> statement-breakpoint
DROP TABLE `alert_group`;--> statement-breakpoint
ALTER TABLE `__new_alert_group` RENAME TO `alert_group`;--> statement-breakpoint
CREATE TABLE `__new_notification_log` (
	`number` integer PRIMARY KEY NOT NULL,
	`key` text NOT NULL,
	`group_key` text NOT NULL,
	`receiver` text NOT NULL,
	`integration` text NOT NULL,
	`integration_index` integer NOT NULL,
	`at_ms` integer NOT NULL,
	`firing` text NOT NULL,
	`resolved` text NOT NULL,
	`expires_at_ms` integer NOT NULL,
	`outbox_id` text,
	`data` text NOT NULL
);
--> statement-breakpoint
INSERT INTO `__new_notification_log`("number", "key", "group_key", "receiver", "integration", "integration_index", "at_ms", "firing", "resolved", "expires_at_ms", "outbox_id", "data") SELECT rowid, "key", "group_key", "receiver", "integration", "integration_index", "at_ms", "firing", "resolved", "expires_at_ms", "outbox_id", "data" FROM `notification_log`;--> statement-breakpoint
DROP TABLE `notification_log`;--> statement-breakpoint
ALTER TABLE `__new_notification_log` RENAME TO `notification_log`;