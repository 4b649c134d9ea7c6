"""Pure renderers: one incident in, a page, a document or a message out. No clock, no AWS."""
