CREATE TABLE `installation_secret` (
	`name` text PRIMARY KEY NOT NULL,
	`secret` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `reply_code` (
	`code` integer PRIMARY KEY NOT NULL,
	`group_id` text NOT NULL,
	`used_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `reply_code_group_id_unique` ON `reply_code` (`group_id`);--> statement-breakpoint
CREATE TABLE `telephone` (
	`number` text PRIMARY KEY NOT NULL,
	`opted_out_at_ms` integer,
	`misunderstood` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `telephone_order` (
	`sid` text PRIMARY KEY NOT NULL,
	`medium` text NOT NULL,
	`number` text NOT NULL,
	`status` text NOT NULL,
	`error_code` integer,
	`attempt` integer NOT NULL,
	`polls` integer NOT NULL,
	`next` text,
	`next_at_ms` integer,
	`at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `telephone_order_by_next` ON `telephone_order` (`next_at_ms`);--> statement-breakpoint
CREATE INDEX `telephone_order_by_time` ON `telephone_order` (`at_ms`);--> statement-breakpoint
CREATE TABLE `telephone_order_outbox` (
	`sid` text NOT NULL,
	`outbox_id` text NOT NULL,
	PRIMARY KEY(`sid`, `outbox_id`)
);
--> statement-breakpoint
CREATE INDEX `telephone_order_by_outbox` ON `telephone_order_outbox` (`outbox_id`);--> statement-breakpoint
CREATE TABLE `telephone_text` (
	`number` text NOT NULL,
	`outbox_id` text NOT NULL,
	`code` integer,
	`at_ms` integer NOT NULL,
	PRIMARY KEY(`number`, `outbox_id`)
);
--> statement-breakpoint
CREATE INDEX `telephone_text_by_time` ON `telephone_text` (`at_ms`);