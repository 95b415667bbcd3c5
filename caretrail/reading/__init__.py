"""Answers for the command line and the pages.

``Reader`` queries the read models, interprets filed statements as of and as known at any instant,
and opens sealed segments. ``contract`` writes the answers as the JSON of the command line.
"""
