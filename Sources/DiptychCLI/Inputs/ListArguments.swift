import ArgumentParser
import DiptychDatasets

/// How lists of images or texts are written.
struct ListArguments: ParsableArguments {
    @Flag(
        name: [.customShort("0"), .customLong("null")],
        help: "Entries of lists end with a zero byte, as `find -print0` writes them, not with a line break.")
    var isNullSeparated = false

    var separator: LineStream.Separator { isNullSeparated ? .null : .lineBreak }
}
