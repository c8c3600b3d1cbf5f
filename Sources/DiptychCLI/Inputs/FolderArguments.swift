import ArgumentParser
import DiptychSearch

/// The options of walks through folders.
struct FolderArguments: ParsableArguments {
    @Option(
        name: .customLong("exclude"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            """
            Leave out files and folders of this name, or with a / in it of this path below the folder given; * and ? stand \
            for characters, ** for folders, ! before it takes back what an earlier one left out. Several times.
            """,
            valueName: "pattern"))
    var patterns: [String] = []

    @Flag(
        name: .customLong("no-default-excludes"),
        help: """
            Also look into what is left out by default: @eaDir, #recycle, $RECYCLE.BIN, lost+found, node_modules and the like.
            """)
    var ignoresDefaults = false

    @Flag(name: .customLong("follow-links"), help: "Also look into folders that links lead to, into each once.")
    var followsLinks = false

    func validate() throws {
        for pattern in patterns where FolderPattern(pattern) == nil {
            throw ValidationError(
                "--exclude '\(pattern)' is not a pattern of 1 to \(FolderPattern.byteLimit) bytes with a name in it.")
        }
    }

    var rules: FolderRules {
        var rules = FolderRules(excluding: patterns.compactMap { FolderPattern($0) }, usesDefaults: !ignoresDefaults)
        rules.followsLinks = followsLinks
        return rules
    }
}
