-- What is said of many alarms of one cause goes out as one message: the others point to it. A message
-- also says of which alarm it is, and why something is said of it.
ALTER TABLE alarm_message ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE alarm_message ADD COLUMN event TEXT NOT NULL DEFAULT '';
ALTER TABLE alarm_message ADD COLUMN told_with TEXT;

CREATE INDEX alarm_message_cause ON alarm_message (name, event, channel, attempted_at);
CREATE INDEX alarm_message_told_with ON alarm_message (told_with) WHERE told_with IS NOT NULL;
