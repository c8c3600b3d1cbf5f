// JSON values stand in rows, and come with one import.
@_exported public import DiptychBasics
