// Files that appear when they are whole are written with what the writers here throw.
@_exported public import DiptychBasics
