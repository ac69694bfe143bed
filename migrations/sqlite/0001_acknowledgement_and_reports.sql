ALTER TABLE `alert_group` ADD `ack` text;--> statement-breakpoint
ALTER TABLE `notification_log` ADD `outbox_id` text;--> statement-breakpoint
ALTER TABLE `outbox` ADD `may_repeat` integer DEFAULT 0 NOT NULL;