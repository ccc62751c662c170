"""What several rooms' tests share; nothing here ships."""
