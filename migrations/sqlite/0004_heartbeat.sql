CREATE TABLE `heartbeat` (
	`id` integer PRIMARY KEY NOT NULL,
	`at_ms` integer NOT NULL
);
