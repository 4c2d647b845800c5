# localdeliver
