"""The pages that only customers have: today, the chain sheet, the dashboard, segments, analyses."""
