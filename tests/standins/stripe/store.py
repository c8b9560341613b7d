"""What the stand-in remembers: SQLite with full durability, so a kill -9 loses nothing that was answered."""
import json
import os
import sqlite3
import threading


class Store:
    """Objects by id, idempotency keys and events still to be sent. One lock: correctness before speed."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.lock = threading.RLock()
        self.db = sqlite3.connect(os.path.join(folder, "stripe.sqlite"), check_same_thread=False, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.executescript("""
            CREATE TABLE IF NOT EXISTS object (id TEXT PRIMARY KEY, kind TEXT NOT NULL, n INTEGER NOT NULL, body TEXT NOT NULL);
            CREATE INDEX IF NOT EXISTS object_kind ON object (kind, n);
            CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL,
                                                    body TEXT NOT NULL);
            CREATE TABLE IF NOT EXISTS delivery (event TEXT PRIMARY KEY, tries INTEGER NOT NULL, due REAL NOT NULL);
        """)

    def __enter__(self):
        self.lock.acquire()
        self.db.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind, *_):
        try:
            self.db.execute("ROLLBACK" if kind else "COMMIT")
        finally:
            self.lock.release()

    def get(self, object_id):
        with self.lock:
            row = self.db.execute("SELECT body FROM object WHERE id = ?", (object_id,)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, body):
        self.db.execute("INSERT INTO object VALUES (?, ?, (SELECT coalesce(max(n), 0) + 1 FROM object), ?) "
                        "ON CONFLICT (id) DO UPDATE SET body = excluded.body", (body["id"], body["object"], json.dumps(body)))

    def newest(self, kind, limit, after=None):
        """At most limit objects, newest first, older than the object `after`; and whether there are more."""
        with self.lock:
            top = 1 << 62
            if after:
                row = self.db.execute("SELECT n FROM object WHERE id = ?", (after,)).fetchone()
                top = row[0] if row else 0
            rows = self.db.execute("SELECT body FROM object WHERE kind = ? AND n < ? ORDER BY n DESC LIMIT ?",
                                   (kind, top, limit + 1)).fetchall()
        return [json.loads(r[0]) for r in rows[:limit]], len(rows) > limit

    def answer_of(self, key):
        return self.db.execute("SELECT request, status, body FROM idempotency WHERE key = ?", (key,)).fetchone()

    def keep_answer(self, key, request, status, body):
        self.db.execute("INSERT INTO idempotency VALUES (?, ?, ?, ?)", (key, request, status, body))

    def queue(self, event, due):
        self.db.execute("INSERT INTO delivery VALUES (?, 0, ?)", (event["id"], due))

    def due(self, now):
        with self.lock:
            return self.db.execute("SELECT event, tries FROM delivery WHERE due <= ? ORDER BY due LIMIT 100", (now,)).fetchall()

    def delivered(self, event_id):
        with self.lock:
            self.db.execute("DELETE FROM delivery WHERE event = ?", (event_id,))

    def delayed(self, event_id, due):
        with self.lock:
            self.db.execute("UPDATE delivery SET tries = tries + 1, due = ? WHERE event = ?", (due, event_id))

    def close(self):
        with self.lock:
            self.db.close()
