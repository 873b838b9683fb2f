"""A study as one report: built once as data, then written as a page, as Markdown or as JSON."""
