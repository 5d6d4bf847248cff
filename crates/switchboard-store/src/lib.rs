//! REMEMBER: SQLite and PostgreSQL.
