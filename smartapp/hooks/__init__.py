"""Cards in the chart: what waits for a doctor there, and a second opinion offered in time."""
