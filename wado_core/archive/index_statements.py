"""Statements of the embedded index, as text: look-ups that stand in the way of every request, and what Core cannot say."""

# The look-up of one instance stands in the way of every request. As text on the driver's connection it takes a third of the time
# that the same statement takes as a Core expression (measured: 11 µs against 36 µs for a one-row select).
FIND = """
SELECT folder.path, file.name, file.size, file.mtime_ns, file.inode, file.format, file.description, frames.columns
FROM study
JOIN series ON series.study_id = study.id
JOIN instance ON instance.series_id = series.id
JOIN file ON file.id = (
    SELECT file.id FROM file JOIN folder ON folder.id = file.folder_id WHERE file.instance_id = instance.id
    ORDER BY folder.path || file.name LIMIT 1
)
JOIN folder ON folder.id = file.folder_id
LEFT JOIN frames ON frames.file_id = file.id AND frames.chunk = ?
WHERE study.study_uid = ? AND series.series_uid = ? AND instance.object_uid = ?
"""
FIND_COPY = """
SELECT folder.path, file.name, file.size, file.mtime_ns, file.inode, file.format, file.description, frames.columns
FROM folder
JOIN file ON file.folder_id = folder.id
LEFT JOIN frames ON frames.file_id = file.id AND frames.chunk = ?
WHERE folder.path = ? AND file.name = ? AND file.description IS NOT NULL
"""
# CROSS JOIN keeps the order: each is looked up by its identity.
SAME_FILES = """
SELECT folder.path, file.name, file.size, file.mtime_ns, file.inode, file.head FROM (VALUES {places}) AS sought
CROSS JOIN file ON file.inode = sought.column1 AND file.size = sought.column2 AND file.mtime_ns = sought.column3
CROSS JOIN folder ON folder.id = file.folder_id
WHERE file.format = ?
"""
COLUMNS = """
SELECT frames.columns FROM folder JOIN file ON file.folder_id = folder.id JOIN frames ON frames.file_id = file.id
WHERE folder.path = ? AND file.name = ? AND file.description = ? AND frames.chunk = ?
"""
COPIES = """
SELECT folder.path, file.name
FROM study
JOIN series ON series.study_id = study.id
JOIN instance ON instance.series_id = series.id
JOIN file ON file.instance_id = instance.id
JOIN folder ON folder.id = file.folder_id
WHERE study.study_uid = ? AND series.series_uid = ? AND instance.object_uid = ?
ORDER BY folder.path || file.name
"""
LAST_PLACE = """
SELECT orphan.path, x'' FROM study JOIN series ON series.study_id = study.id JOIN instance ON instance.series_id = series.id
JOIN orphan ON orphan.instance_id = instance.id
WHERE study.study_uid = ? AND series.series_uid = ? AND instance.object_uid = ?
"""
IS_KNOWN = """
SELECT 1 FROM study JOIN series ON series.study_id = study.id JOIN instance ON instance.series_id = series.id
WHERE study.study_uid = ? AND series.series_uid = ? AND instance.object_uid = ?
"""
IS_GONE = "SELECT 1 FROM gone WHERE study_uid = ? AND series_uid = ? AND object_uid = ?"
HAS_GONE = "SELECT 1 FROM gone WHERE study_uid = ? LIMIT 1"
HAS_GONE_IN_SERIES = "SELECT 1 FROM gone WHERE study_uid = ? AND series_uid = ? LIMIT 1"
# Marks of an index of version 1 came without a path.
LAST_COPY = "SELECT path, x'' FROM gone WHERE study_uid = ? AND series_uid = ? AND object_uid = ? AND path != x''"
OF_INSTANCE = """
FROM study
JOIN series ON series.study_id = study.id
JOIN instance ON instance.series_id = series.id
"""
VALUE_RANGE = f"""
SELECT low, high, empty {OF_INSTANCE} JOIN value_range ON value_range.instance_id = instance.id
WHERE study_uid = ? AND series_uid = ? AND object_uid = ? AND version = ? AND frame_number = ?
"""
