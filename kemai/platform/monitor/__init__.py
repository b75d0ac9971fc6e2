"""What an operator watches: health, figures for Prometheus, and a log without personal data."""
