public import ArgumentParser
public import DiptychServer

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make an API key for `diptych serve --api-key-file`.",
        discussion: """
            Shows the key on standard error, once, and writes the line for the file, which holds only its hash, to standard \
            output.

            Example: diptych keys backend --scope read >> keys.txt
            """)

    @Argument(help: "What logs and limits call the key: letters, digits, '-', '_' and '.'.")
    var name: String

    @Option(
        name: .customLong("scope"), parsing: .singleValue, help: "What it is for; may be given twice (default: both).")
    var scopes: [Scope] = []

    @Option(
        name: .customLong("rate-limit"), parsing: .unconditional,
        help: ArgumentHelp("The most requests.", valueName: "per minute"))
    var rateLimit: Int?

    func run() throws {
        let scopes = scopes.isEmpty ? Set(Scope.allCases) : Set(scopes)
        let (key, line) = try APIKeys.make(name: name, scopes: scopes, perMinute: rateLimit)
        Console.say("the key, which is not shown again: \(key)")
        try StandardOutput.write(line + "\n")
    }
}

extension Scope: ExpressibleByArgument {}
