"""Who uses the API and the pages, what they may read, and the records of what they read."""
