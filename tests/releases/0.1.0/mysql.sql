DROP TABLE IF EXISTS `database_state`;
CREATE TABLE `database_state` (
  `id` bigint(20) NOT NULL,
  `generation` varchar(11) NOT NULL,
  `users_created` bigint(20) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `database_state` VALUES
(1,'k3Ya5ympcVI',2);
DROP TABLE IF EXISTS `daypass_migrations`;
CREATE TABLE `daypass_migrations` (
  `version` varchar(255) NOT NULL,
  `applied_at` bigint(20) NOT NULL,
  PRIMARY KEY (`version`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `daypass_migrations` VALUES
('m20261120_000001_users',1795908774),
('m20261120_000002_sessions',1795908774),
('m20261120_000003_items',1795908774),
('m20261120_000004_revocations',1795908774),
('m20261121_000005_lookalikes',1795908775),
('m20261121_000006_disabled_users',1795908775),
('m20261121_000007_workout_logs',1795908775),
('m20261121_000008_tests',1795908775),
('m20261121_000009_tests_first_name',1795908775),
('m20261121_000010_seeds',1795908775),
('m20261121_000011_session_variables',1795908775),
('m20261128_000012_database_state',1795908775),
('m20261128_000013_imported_records',1795908775),
('m20261128_000014_username_keys',1795908775);
DROP TABLE IF EXISTS `imported_records`;
CREATE TABLE `imported_records` (
  `source` varchar(255) NOT NULL,
  `source_table` varchar(64) NOT NULL,
  `source_id` bigint(20) NOT NULL,
  `local_id` bigint(20) NOT NULL,
  PRIMARY KEY (`source`,`source_table`,`source_id`),
  KEY `ix_imported_records_local` (`source_table`,`local_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
DROP TABLE IF EXISTS `items`;
CREATE TABLE `items` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `owner_id` bigint(20) NOT NULL,
  `name` varchar(200) NOT NULL,
  `name_key` varchar(600) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `updated_at` bigint(20) NOT NULL,
  `version` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `ix_items_age` (`owner_id`,`created_at`,`id`),
  KEY `ix_items_name` (`owner_id`,`name_key`,`id`),
  CONSTRAINT `fk_items_owner` FOREIGN KEY (`owner_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `items` VALUES
(1,1,'item 0','item 0',1795908775078,1795908775078,1),
(2,1,'item 1','item 1',1795908775082,1795908775082,1),
(3,1,'item 2','item 2',1795908775085,1795908775085,1);
DROP TABLE IF EXISTS `revocations`;
CREATE TABLE `revocations` (
  `seq` bigint(20) NOT NULL AUTO_INCREMENT,
  `session_id` varchar(22) NOT NULL,
  `reason` varchar(32) NOT NULL,
  `revoked_at` bigint(20) NOT NULL,
  `expires_at` bigint(20) NOT NULL,
  `user_id` bigint(20) DEFAULT NULL,
  `spared_session_id` varchar(22) DEFAULT NULL,
  PRIMARY KEY (`seq`),
  KEY `ix_revocations_session` (`session_id`),
  KEY `ix_revocations_expiry` (`expires_at`)
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `revocations` VALUES
(1,'ylVf5i99C7RBzZtSaIizuQ','sign-out',1795908775075,1795995175000,NULL,NULL),
(2,'nlOegIo2RfuM-_pCI4XA5w','account-disabled',1795908775109,1795995175000,NULL,NULL),
(3,'','account-disabled',1795908715109,1795995175109,2,NULL);
DROP TABLE IF EXISTS `seeds`;
CREATE TABLE `seeds` (
  `name` varchar(64) NOT NULL,
  `ran_at` bigint(20) NOT NULL,
  `made` text NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
DROP TABLE IF EXISTS `session_variables`;
CREATE TABLE `session_variables` (
  `session_id` varchar(22) NOT NULL,
  `bag` text NOT NULL,
  `expires_at` bigint(20) NOT NULL,
  PRIMARY KEY (`session_id`),
  KEY `ix_session_variables_expiry` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `session_variables` VALUES
('srEsBV0REDuWWXOZTwJCNQ','{\"changes\":1795908775092,\"variables\":{\"colour\":{\"version\":1795908775092,\"value\":\"blue\"}}}',1795995175000);
DROP TABLE IF EXISTS `sessions`;
CREATE TABLE `sessions` (
  `id` varchar(22) NOT NULL,
  `user_id` bigint(20) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `expires_at` bigint(20) NOT NULL,
  `user_agent` varchar(255) DEFAULT NULL,
  `key_id` varchar(11) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `ix_sessions_user` (`user_id`,`created_at`),
  KEY `ix_sessions_expiry` (`expires_at`),
  CONSTRAINT `fk_sessions_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `sessions` VALUES
('srEsBV0REDuWWXOZTwJCNQ',1,1795908775066,1795995175000,NULL,'t9cHKPaNlxx');
DROP TABLE IF EXISTS `tests`;
CREATE TABLE `tests` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `testdata` varchar(255) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `updated_at` bigint(20) NOT NULL,
  `first_name` varchar(255) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
DROP TABLE IF EXISTS `users`;
CREATE TABLE `users` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `username` varchar(64) NOT NULL,
  `username_key` varchar(255) NOT NULL,
  `password_hash` varchar(255) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `updated_at` bigint(20) NOT NULL,
  `username_skeleton` varchar(512) NOT NULL DEFAULT '',
  `disabled_at` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `username_key` (`username_key`),
  UNIQUE KEY `ux_users_username_skeleton` (`username_skeleton`)
) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `users` VALUES
(1,'alice','alice','$argon2id$v=19$m=8,t=1,p=1$Q//2Do5SA4xXeZmfVGd2rw$YEonTnAR42hdq1uzpA6DKLygYevWOaJ/uAH7S32kksU',1795908775065,1795908775065,'alice',NULL),
(2,'bob','bob','$argon2id$v=19$m=8,t=1,p=1$/VkWsb8DvDl7AIZTmu89zA$JfkGp6mMZGp7KMBooqKfe+ws/PIhcxcyXGncUXEFcNE',1795908775095,1795908775095,'bob',1795908775109);
DROP TABLE IF EXISTS `workout_logs`;
CREATE TABLE `workout_logs` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `owner_id` bigint(20) NOT NULL,
  `description` varchar(255) NOT NULL,
  `description_key` varchar(765) NOT NULL,
  `definition` varchar(255) NOT NULL,
  `result` varchar(255) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `updated_at` bigint(20) NOT NULL,
  `version` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `ix_workout_logs_age` (`owner_id`,`created_at`,`id`),
  KEY `ix_workout_logs_description` (`owner_id`,`description_key`),
  CONSTRAINT `fk_workout_logs_owner` FOREIGN KEY (`owner_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=2 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `workout_logs` VALUES
(1,1,'Run','run','5 km','25 min',1795908775088,1795908775088,1);
