import GRDB

/// The schema, step by step. Steps are only ever added at the end: databases of users have run the earlier ones.
enum Migrations {
    static var all: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 nodes, listings, facts") { db in
            // AUTOINCREMENT, so that a number is never given twice, not even after its row was removed.
            try db.execute(
                sql: """
                    CREATE TABLE node(
                        inode INTEGER PRIMARY KEY AUTOINCREMENT,
                        drive TEXT NOT NULL, file TEXT NOT NULL, view TEXT NOT NULL,
                        UNIQUE(drive, file, view));
                    INSERT INTO sqlite_sequence(name, seq) VALUES ('node', 1);
                    CREATE TABLE listing(
                        drive TEXT NOT NULL, folder TEXT NOT NULL,
                        seconds INTEGER NOT NULL, nanoseconds INTEGER NOT NULL,
                        PRIMARY KEY(drive, folder)) WITHOUT ROWID;
                    CREATE TABLE child(
                        drive TEXT NOT NULL, folder TEXT NOT NULL, position INTEGER NOT NULL,
                        file TEXT NOT NULL, name BLOB NOT NULL, is_folder INTEGER NOT NULL, size INTEGER NOT NULL,
                        sha1 BLOB, created BLOB, updated BLOB, modified BLOB, streams TEXT, punish INTEGER NOT NULL,
                        PRIMARY KEY(drive, folder, position)) WITHOUT ROWID;
                    CREATE TABLE fact(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("2 drafts, local attributes") { db in
            // JSON where nothing is ever searched for; its keys are the names of the properties, so those stay.
            try db.execute(
                sql: """
                    CREATE TABLE draft(
                        id INTEGER PRIMARY KEY, inode INTEGER NOT NULL,
                        drive TEXT NOT NULL, folder TEXT NOT NULL, name BLOB NOT NULL,
                        phase TEXT NOT NULL, object TEXT, is_removed INTEGER NOT NULL, failure TEXT,
                        content TEXT, upload TEXT, replaced TEXT NOT NULL, litter TEXT NOT NULL);
                    CREATE TABLE attribute(
                        inode INTEGER PRIMARY KEY,
                        modified BLOB, accessed BLOB, changed BLOB,
                        permissions INTEGER, user INTEGER, "group" INTEGER, target BLOB, extended TEXT);
                    CREATE INDEX child_by_file ON child(drive, folder, file);
                    """)
        }
        return migrator
    }
}
