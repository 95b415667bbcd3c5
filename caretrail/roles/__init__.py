"""What runs in the process of each role: ``run(settings, stop)`` works until ``stop`` is set."""
