import Foundation
import Testing

/// What people expect of a command in a shell: names and versions, pipes, environment, signals.
struct ShellTests {
    /// A store of the fixture's images beside some with odd names.
    private static func store(_ names: [String] = []) throws -> (folder: TemporaryFolder, store: String) {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder / "pictures", withIntermediateDirectories: true)
        for name in ["wide.jpg"] + names {
            try FileManager.default.copyItem(
                atPath: Fixture.images + "/wide.jpg", toPath: folder / "pictures/\(name)")
        }
        let indexed = try Command.run("index", folder / "pictures", "--store", folder / "store", "--quiet")
        #expect(indexed.status == 0, "\(indexed.error)")
        return (folder, folder / "store")
    }

    @Test func `the version is one line`() throws {
        let result = try Command.run("--version")
        #expect(result.status == 0 && result.error.isEmpty)
        #expect(result.output.wholeMatch(of: /diptych [0-9]+\.[0-9.]+\n/) != nil, "\(result.output)")
    }

    @Test func `text stays text in a pipe`() throws {
        let (folder, store) = try Self.store()
        let image = folder / "pictures/wide.jpg"
        for command in [
            ["search", "--store", store, "a cat"], ["store", "list", "--store", store],
            ["store", "info", "--store", store], ["similarity", "--query-text", "a", "--image", image],
            ["classify", "--label", "a", "--label", "b", image], ["models", "list", "--installed"],
        ] {
            let result = try Command.run(
                command + ["--quiet"].filter { _ in command[0] != "store" && command[0] != "models" })
            #expect(result.status == 0 && !result.output.hasPrefix("{"), "\(command): \(result.output)\(result.error)")
            // No header either: programs that cut columns would take it for a row.
            #expect(!result.output.contains("cosine  "), "\(result.output)")
        }
    }

    @Test func `a terminal gets the names of the columns`() throws {
        let (folder, store) = try Self.store()
        defer { withExtendedLifetime(folder) {} }
        // A terminal of its own, whose output Python copies.
        let spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
        let result = try Command.run(
            ["search", "--store", store, "a cat", "--quiet"], launcher: ["/usr/bin/env", "python3", "-c", spawn])
        #expect(result.status == 0, "\(result.error)")
        let header = result.lines.first ?? ""
        #expect(header.contains("cosine") && header.contains("path"), "\(result.output)")
        #expect(result.output.contains("wide.jpg"))
    }

    @Test func `paths alone, ended by lines or zero bytes`() throws {
        let (folder, store) = try Self.store(["two\nlines.jpg"])
        let paths = [folder / "pictures/two\nlines.jpg", folder / "pictures/wide.jpg"]
        for command in [["search", "--store", store, "a cat"], ["store", "list", "--store", store]] {
            let lines = try Command.run(command + ["--format", "paths"])
            #expect(lines.output.hasSuffix("\n") && lines.output.count { $0 == "\n" } == 3, "\(lines.output)")
            let zeros = try Command.run(command + ["--format", "paths", "-0"])
            #expect(zeros.output.split(separator: "\0").map(String.init).sorted() == paths, "\(zeros.error)")
            #expect(try Command.run(command + ["--null"]).status == 2)
        }
        // As `xargs -0` hands them on.
        let counted = try Command.run(
            ["search", "--store", store, "a cat", "--format", "paths", "--null"],
            launcher: ["/bin/sh", "-c", "\"$0\" \"$@\" | xargs -0 ls -1d | wc -l"])
        #expect(counted.output.contains("3") || counted.output.contains("2"), "\(counted.output)")
    }

    @Test func `what a terminal would obey is escaped`() throws {
        let name = "a\u{1B}[31m\u{202E}gpj.\r\u{2028}b.jpg"
        let (folder, store) = try Self.store([name])
        let escaped = #"a\u{1B}[31m\u{202E}gpj.\r\u{2028}b.jpg"#
        let image = folder / "pictures/\(name)"
        for command in [
            ["search", "--store", store, "a cat", "--quiet"], ["store", "list", "--store", store],
            ["store", "duplicates", "--store", store, "--quiet"],
            ["similarity", "--query-text", "a", "--image", image, "--quiet"],
            ["classify", "--label", "a", "--label", "b", "--quiet", image],
        ] {
            let result = try Command.run(command)
            #expect(result.output.contains(escaped), "\(command): \(result.output)\(result.error)")
            #expect(!result.output.contains("\u{1B}") && !result.output.contains("\u{202E}"))
        }
        // And in messages.
        let missing = try Command.run("embed", "--image", "/none/\(name)")
        #expect(!missing.error.contains("\u{1B}") && !missing.error.contains("\u{202E}"), "\(missing.error)")
        let bad = try Command.run("search", "--store", "/none/\(name)", "a cat")
        #expect(bad.error.contains(escaped), "\(bad.error)")
        // For programs it is what it is.
        let paths = try Command.run("search", "--store", store, "a cat", "--format", "paths", "--null").output
        #expect(paths.contains(image + "\0"))
    }

    @Test func `the environment names the store`() throws {
        let (folder, store) = try Self.store()
        defer { withExtendedLifetime(folder) {} }
        let environment = ["DIPTYCH_STORE": store]
        for command in [
            ["search", "a cat"], ["store", "list"], ["store", "info"], ["store", "verify"],
            ["index", Fixture.images + "/tiny.png"], ["search", "a cat", "--store", store],
        ] {
            let result = try Command.run(command, environment: environment)
            #expect(result.status == 0 && !result.output.isEmpty, "\(command): \(result.error)")
        }
        // What is typed counts before it, and nothing at all is said so.
        let other = try Command.run(["store", "info", "--store", "/none"], environment: environment)
        expectFailure(other, status: 1, saying: "/none")
        let home = ["XDG_DATA_HOME": folder / "data"]
        for value in ["", nil] {
            let named = value.map { ["DIPTYCH_STORE": $0] } ?? [:]
            let none = try Command.run(["search", "a cat"], environment: home.merging(named) { $1 })
            #expect(none.status == 2 && none.error.contains("DIPTYCH_STORE"), "\(none.error)")
        }
    }

    @Test func `a person has a store of their own, which needs no name`() throws {
        let folder = try TemporaryFolder()
        let home = ["XDG_DATA_HOME": folder / "data"]
        let made = try Command.run(["index", Fixture.images + "/tiny.png"], environment: home)
        #expect(made.status == 0, "\(made.error)")
        #expect(FileManager.default.fileExists(atPath: folder / "data/diptych/store"))
        let found = try Command.run(["search", "a cat", "--format", "paths"], environment: home)
        #expect(found.status == 0 && found.output.hasSuffix("/tiny.png\n"), "\(found.error)")
    }

    @Test func `a query that looks like an option gets a hint`() throws {
        let (folder, store) = try Self.store()
        defer { withExtendedLifetime(folder) {} }
        let mistaken = try Command.run("search", "--store", store, "-red")
        #expect(mistaken.status == 2 && mistaken.error.contains(#"diptych search -- "-red""#), "\(mistaken.error)")
        for query in [["--", "-red"], ["--text=-red"], ["--text=E=mc"], ["a=b"], ["x^2^1"]] {
            let result = try Command.run(["search", "--store", store, "--quiet"] + query)
            #expect(result.status == 0 && result.output.contains("wide.jpg"), "\(query): \(result.error)")
        }
    }

    /// A binary alone, without the folders that were built with it, or behind a link.
    @Test func `a copied program has all it needs`() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: Command.path, toPath: folder / "diptych")
        // Behind the launcher stand the tests' own program and then the arguments.
        let script = "exec \"$2\" embed --text 'a red circle' --quiet"
        func embedded(_ program: String, _ environment: [String: String]) throws -> Command.Result {
            try Command.run(
                [program], environment: environment.merging(["DIPTYCH_MODEL": "demo"]) { $1 },
                launcher: ["/bin/sh", "-c", script, "sh"])
        }
        let usual = try embedded(Command.path, [:])
        #expect(usual.status == 0, "\(usual.error)")
        let copied = try embedded(folder / "diptych", ["XDG_CACHE_HOME": folder / "cache"])
        #expect(copied.output == usual.output, "\(copied.error)")
        // It unpacked its model once, whole.
        let unpacked = try FileManager.default.contentsOfDirectory(atPath: folder / "cache/diptych/program")
        #expect(unpacked.count == 1 && unpacked[0].hasPrefix("DemoModel-"), "\(unpacked)")
        try FileManager.default.createSymbolicLink(atPath: folder / "link", withDestinationPath: Command.path)
        let linked = try embedded(folder / "link", ["XDG_CACHE_HOME": folder / "other"])
        #expect(linked.output == usual.output && !folder.names.contains("other"), "\(linked.error)")
        // Where no cache can be written, a folder of the user's among the temporary files.
        try FileManager.default.createDirectory(atPath: folder / "tmp", withIntermediateDirectories: true)
        let homeless = try embedded(
            folder / "diptych", ["XDG_CACHE_HOME": "/dev/null/none", "TMPDIR": folder / "tmp"])
        #expect(homeless.output == usual.output, "\(homeless.error)")
    }

    @Test(.enabled(if: getuid() == 0, "only root can become somebody who may not write"))
    func `a store of somebody else's can be searched`() throws {
        let (folder, store) = try Self.store()
        let script = """
            program=$2; store=$3; model=$4
            chmod a+rx "$(dirname "$store")"; chmod -R a+rX,a-w "$store"
            nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
            nobody env DIPTYCH_MODEL="$model" "$program" search --store "$store" "a cat" --quiet || exit 71
            nobody "$program" store info --store "$store" || exit 72
            nobody "$program" store list --store "$store" --format paths || exit 73
            nobody "$program" store verify --store "$store" || exit 74
            nobody "$program" store remove --store "$store" 1 && exit 75
            chmod -R u+w "$store"
            """
        // Where anybody may read and run what is needed.
        try FileManager.default.copyItem(atPath: Command.path, toPath: folder / "diptych")
        try FileManager.default.copyItem(atPath: Fixture.model, toPath: folder / "model")
        let result = try Command.run(
            [folder / "diptych", store, folder / "model"], launcher: ["/bin/sh", "-c", script, "sh"])
        #expect(result.status == 0, "\(result.status): \(result.output)\(result.error)")
        #expect(result.error.contains("cannot be written"), "\(result.error)")
        #expect(result.output.contains("wide.jpg"))
    }

    @Test(.enabled(if: getuid() == 0, "only root can mount a folder"))
    func `a store on a read-only mount can be searched`() throws {
        let (folder, store) = try Self.store()
        let script = """
            mkdir "$3" && mount --bind "$2" "$3" && mount -o remount,ro,bind "$3" || exit 77
            trap 'umount "$3"' EXIT
            "$1" search --store "$3" "a cat" --quiet || exit 71
            "$1" index "$4" --store "$3" && exit 72 || true
            """
        let result = try Command.run(
            [store, folder / "mount", Fixture.images],
            launcher: ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh"])
        if result.status == 77 { return print("no mount could be made here: \(result.error)") }
        #expect(result.status == 0 && result.output.contains("wide.jpg"), "\(result.output)\(result.error)")
        #expect(result.error.contains("cannot be written"), "\(result.error)")
    }

    /// The indexing process is stopped in the middle: it holds the lock, and what it stored stands in SQLite's log.
    @Test(.enabled(if: getuid() == 0, "only root can become somebody who may not write"))
    func `a store that is being indexed can be read, also by somebody else and on a read-only mount`() throws {
        let (folder, store) = try Self.store()
        for number in 0..<400 {
            try FileManager.default.copyItem(
                atPath: Fixture.images + "/wide.jpg", toPath: folder / "pictures/\(number).jpg")
        }
        let running = try Running([
            "index", folder / "pictures", "--store", store, "--list", "--threads", "1", "--quiet",
        ])
        #expect(running.wait { running.outputSize > 0 })
        running.send(SIGSTOP)
        let count = running.output.split(separator: "\n", omittingEmptySubsequences: true).count
        #expect(running.process.isRunning && count > 0)
        let script = """
            program=$2; store=$3; model=$4; mount=$5
            chmod a+rx "$(dirname "$store")"; chmod -R a+rX,go-w "$store"
            nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env DIPTYCH_MODEL="$model" "$program" "$@"; }
            nobody search --store "$store" "a cat" --quiet || exit 71
            nobody store info --store "$store" --format json || exit 72
            nobody store list --store "$store" --format paths || exit 73
            nobody store verify --store "$store" || exit 74
            "$program" search --store "$store" "a cat" --quiet || exit 75
            "$program" index "$(dirname "$store")/pictures" --store "$store" --quiet && exit 76
            mkdir "$mount" && mount --bind "$store" "$mount" && mount -o remount,ro,bind "$mount" || exit 0
            trap 'umount "$mount"' EXIT
            "$program" search --store "$mount" "a cat" --quiet || exit 78
            nobody store list --store "$mount" --format paths || exit 79
            """
        try FileManager.default.copyItem(atPath: Command.path, toPath: folder / "diptych")
        try FileManager.default.copyItem(atPath: Fixture.model, toPath: folder / "model")
        let result = try Command.run(
            [folder / "diptych", store, folder / "model", folder / "mount"],
            launcher: ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh"])
        running.send(SIGCONT)
        #expect(result.status == 0, "\(result.status): \(result.output)\(result.error)")
        #expect(result.output.contains("wide.jpg"), "\(result.output)")
        #expect(result.error.contains("another process is indexing into it"), "\(result.error)")
        #expect(running.end().status == 0)
        let all = try Command.run("store", "list", "--store", store, "--format", "paths")
        #expect(all.lines.count == 401, "\(all.lines.count)")
    }
}
