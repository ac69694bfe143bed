ALTER TABLE `alert_group` ADD `stand_ins` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `alert_group` ADD `escalations` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `outbox` ADD `stands_in_for` text;--> statement-breakpoint
ALTER TABLE `outbox` ADD `undelivered_at_ms` integer;--> statement-breakpoint
CREATE INDEX `outbox_undelivered` ON `outbox` (`undelivered_at_ms`) WHERE "outbox"."undelivered_at_ms" is not null;