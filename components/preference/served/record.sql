CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- of each link no more than SHA-256 of it; 0 is the owner's
CREATE TABLE links (slot INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE) STRICT;

-- everything that was said, in the order in which it reached the disk; nothing is ever changed
CREATE TABLE history (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  slot INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('annotator', 'answer', 'undo')),
  annotator TEXT NOT NULL,
  item TEXT NOT NULL,
  answers TEXT NOT NULL,
  seconds REAL NOT NULL,
  place INTEGER NOT NULL,
  told TEXT NOT NULL,
  received TEXT NOT NULL,
  UNIQUE (slot, id),
  UNIQUE (slot, revision)
) STRICT;

CREATE INDEX of_item ON history (slot, item, number);

CREATE TRIGGER never_changed BEFORE UPDATE ON history
BEGIN SELECT raise(ABORT, 'what was said is never changed'); END;

CREATE TRIGGER never_deleted BEFORE DELETE ON history
BEGIN SELECT raise(ABORT, 'what was said is never deleted'); END;

-- the answers that stand: those that were not taken back since
CREATE VIEW present AS
SELECT * FROM history AS said WHERE kind = 'answer' AND NOT EXISTS (
  SELECT 1 FROM history AS later
  WHERE later.slot = said.slot AND later.item = said.item AND later.number > said.number
);
