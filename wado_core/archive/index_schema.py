"""The tables of the embedded index."""

import sqlalchemy as sa

# Raise it with any change to the tables; a file of another version is set aside and only its gone marks are taken over.
SCHEMA_VERSION = 5

metadata = sa.MetaData()

# Path with its trailing slash, so that folder and name joined are the path of a file, in the root folder too.
folder = sa.Table(
    "folder",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("path", sa.LargeBinary, nullable=False, unique=True),
)

# One row a file. Neither instance nor problem: not DICOM, or packed (an archive such as zip); a problem: damaged. The description is
# that of this very copy, never of another one with the same UIDs, because its offsets hold for these bytes only; it holds the first
# chunk of per-frame columns, the others have rows of their own. Last, so that the other columns are read without it.
# head: digest of the first bytes, by which a moved file is known for what it was.
file = sa.Table(
    "file",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("folder_id", sa.Integer, nullable=False),
    sa.Column("name", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("mtime_ns", sa.Integer, nullable=False),
    sa.Column("inode", sa.Integer, nullable=False),
    sa.Column("head", sa.LargeBinary, nullable=False),
    sa.Column("format", sa.Integer, nullable=False),
    sa.Column("packed", sa.Boolean, nullable=False),
    sa.Column("instance_id", sa.Integer),
    sa.Column("problem", sa.Text),
    sa.Column("description", sa.LargeBinary),
    sa.UniqueConstraint("folder_id", "name"),
)
sa.Index("file_instance", file.c.instance_id, sqlite_where=file.c.instance_id.is_not(None))
sa.Index("file_problem", file.c.problem, sqlite_where=file.c.problem.is_not(None))
sa.Index("file_identity", file.c.inode, file.c.size, file.c.mtime_ns)

# Columns of the frames beyond the first chunk.
frames = sa.Table(
    "frames",
    metadata,
    sa.Column("file_id", sa.Integer, nullable=False),
    sa.Column("chunk", sa.Integer, nullable=False),
    sa.Column("columns", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("file_id", "chunk"),
)

study = sa.Table(
    "study",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("study_uid", sa.Text, nullable=False, unique=True),
    sa.Column("study_date", sa.Text, nullable=False),
    sa.Column("patient_name", sa.Text, nullable=False),
    sa.Column("patient_id", sa.Text, nullable=False),
    sa.Column("study_description", sa.Text, nullable=False),
    sa.Column("accession_number", sa.Text, nullable=False),
)
sa.Index("study_page", study.c.study_date.desc(), study.c.study_uid)

series = sa.Table(
    "series",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("study_id", sa.Integer, nullable=False),
    sa.Column("series_uid", sa.Text, nullable=False),
    sa.Column("modality", sa.Text, nullable=False),
    sa.Column("number", sa.Integer),
    sa.Column("description", sa.Text, nullable=False),
    sa.UniqueConstraint("study_id", "series_uid"),
)

# Live instances only; counts and pages need no further condition.
instance = sa.Table(
    "instance",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("series_id", sa.Integer, nullable=False),
    sa.Column("object_uid", sa.Text, nullable=False),
    sa.Column("number", sa.Integer),
    sa.Column("frames", sa.Integer, nullable=False),
    sa.Column("has_picture", sa.Boolean, nullable=False),
    sa.Column("shown_frame", sa.Integer, nullable=False),
    sa.UniqueConstraint("series_id", "object_uid"),
)
# The last two, so that representatives of series and studies are chosen without reading the table.
sa.Index("instance_page", instance.c.series_id, instance.c.number, instance.c.object_uid, instance.c.has_picture, instance.c.frames)

# By plain UIDs: it cannot be derived from files, so it must outlive every other table. path: of the last copy, which may come back.
gone = sa.Table(
    "gone",
    metadata,
    sa.Column("study_uid", sa.Text, primary_key=True),
    sa.Column("series_uid", sa.Text, primary_key=True),
    sa.Column("object_uid", sa.Text, primary_key=True),
    sa.Column("path", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Live instances whose last copy is not where it was: deleted, or moved and not found yet. path: of that copy. sought: known as such
# when the present look through all folders began; what that does not find is gone.
orphan = sa.Table(
    "orphan",
    metadata,
    sa.Column("instance_id", sa.Integer, primary_key=True),
    sa.Column("path", sa.LargeBinary, nullable=False),
    sa.Column("sought", sa.Boolean, nullable=False),
)

# Folders on which a file system was mounted when they were looked at: found without one, they say nothing about what was in them.
mount = sa.Table("mount", metadata, sa.Column("path", sa.LargeBinary, primary_key=True), sqlite_with_rowid=False)

# One row once all folders have been walked to their end: what is not known then is not there.
complete = sa.Table("complete", metadata, sa.Column("id", sa.Integer, primary_key=True))

# One row, brought up to date with each change; see index_totals.
total = sa.Table(
    "total",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("studies", sa.Integer, nullable=False),
    sa.Column("series", sa.Integer, nullable=False),
    sa.Column("instances", sa.Integer, nullable=False),
    sa.Column("files", sa.Integer, nullable=False),
    sa.Column("objects", sa.Integer, nullable=False),
    sa.Column("damaged", sa.Integer, nullable=False),
    sa.Column("packed", sa.Integer, nullable=False),
)

# Version beside the id: ids are used again, versions are not.
value_range = sa.Table(
    "value_range",
    metadata,
    sa.Column("instance_id", sa.Integer, primary_key=True),
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("frame_number", sa.Integer, primary_key=True),
    sa.Column("low", sa.Float, nullable=False),
    sa.Column("high", sa.Float, nullable=False),
    sa.Column("empty", sa.Boolean, nullable=False),
    sqlite_with_rowid=False,
)
