"""The pages: HTML made from readings."""
