"""What people do in the demo: commands between the messages of its feeds."""
