"""Looking at requests: by what they are filtered, how they are paged, what a selection comes to, and views that are kept."""
