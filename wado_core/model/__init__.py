"""The nouns of wado, in DICOM's own words: frozen values without behaviour beyond their own meaning."""
