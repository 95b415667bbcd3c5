"""Transitions of care: what follows a discharge.

The transition itself is derived from the discharge. The events of the stream ``transition`` say
what people did and found.
"""
