"""高频涉企事项有效建议: what is behind their flow, deadline, sheet of answers, similar ones and indicators."""
