"""DICOM objects: from stored bytes to `Instance`, frames and Part 10 files. The only place that knows pydicom."""
