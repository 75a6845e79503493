"""The built-in page: studies, series and instances as plain HTML, without scripts."""
