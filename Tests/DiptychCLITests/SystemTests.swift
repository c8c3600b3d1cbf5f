import Foundation
import Testing

/// A full disk, missing permissions, closed pipes.
struct SystemTests {
    @Test func `a full standard output is an error`() throws {
        let result = try Command.run(
            ["embed", "--text", "a"], launcher: ["/bin/sh", "-c", "exec \"$0\" \"$@\" >/dev/full"])
        expectFailure(result, status: 1, saying: "standard output", "space")
    }

    @Test func `a reader that wants no more ends the run quietly`() throws {
        let result = try Command.run(
            ["embed", "--input", "-"],
            launcher: [
                "/bin/sh", "-c", "yes \(Fixture.images)/tiny.png | \"$0\" \"$@\" | head -n 2 | cut -c1-14",
            ])
        #expect(result.status == 0 && result.error.isEmpty, "\(result.error)")
        #expect(result.lines == ["{\"kind\":\"image", "{\"kind\":\"image"])
    }

    @Test func `a file beyond the limit leaves nothing behind`() throws {
        let folder = try TemporaryFolder()
        try Data(String(repeating: Fixture.images + "/tiny.png\n", count: 200).utf8)
            .write(to: URL(fileURLWithPath: folder / "list"))
        let limited = ["/bin/sh", "-c", "ulimit -f 16; exec \"$0\" \"$@\""]  // 8 KiB where blocks have 512 bytes
        for name in ["e.npy", "e.jsonl", "e.safetensors"] {
            let result = try Command.run(
                ["embed", "--input", folder / "list", "--output", folder / name], launcher: limited)
            expectFailure(result, status: 1, saying: folder / name, "ulimit")
        }
        #expect(folder.names == ["list"])
        let index = try Command.run(["index", Fixture.images, "--store", folder / "store"], launcher: limited)
        expectFailure(index, status: 1, saying: folder / "store")
        // With room again, the same store goes on.
        let again = try Command.run("index", Fixture.images, "--store", folder / "store")
        #expect(again.status == 0, "\(again.error)")
    }

    /// A file system of 96 KiB, where this process may mount one.
    @Test(.enabled(if: getuid() == 0, "only root can mount a small file system"))
    func `a full disk loses nothing that was stored`() throws {
        let folder = try TemporaryFolder()
        let script = """
            set -e
            mkdir "$1/disk"
            mount -t tmpfs -o size=512k tmpfs "$1/disk" || exit 77
            trap 'umount "$1/disk"' EXIT
            "$0" index "$2" --store "$1/disk/store" >&2 || exit 78
            dd if=/dev/zero of="$1/disk/fill" bs=1k 2>/dev/null || true
            "$0" index "$3" --store "$1/disk/store" && exit 79 || test $? = 1 || exit 80
            "$0" embed --text a --output "$1/disk/e.npy" && exit 81 || test $? = 1 || exit 82
            test ! -e "$1/disk/e.npy" || exit 83
            rm "$1/disk/fill"
            "$0" store verify --store "$1/disk/store" --format text
            """
        let drawn = try Command.run("pictures", "--count", "60", "--output", folder / "more", "--quiet")
        #expect(drawn.status == 0)
        let result = try Command.run(
            [folder.path, Fixture.images, folder / "more"], launcher: ["/bin/sh", "-c", script])
        if result.status == 77 { return }  // a container without the right to mount
        #expect(result.status == 0, "\(result.error)")
        #expect(result.output.hasPrefix("ok: "), "\(result.output)")
        #expect(result.error.contains("diptych: \(folder / "disk/store"): the disk is full"), "\(result.error)")
        #expect(result.error.contains("e.npy: the disk is full"), "\(result.error)")
    }

    @Test func `missing permissions are explained`() throws {
        let folder = try TemporaryFolder()
        let manager = FileManager.default
        for name in ["closed", "sealed"] {
            try manager.createDirectory(atPath: folder / name, withIntermediateDirectories: true)
        }
        try manager.copyItem(atPath: Fixture.images + "/tiny.png", toPath: folder / "secret.png")
        chmod(folder / "secret.png", 0)
        chmod(folder / "closed", 0)
        chmod(folder / "sealed", 0o555)
        chmod(folder.path, 0o755)
        defer { chmod(folder / "closed", 0o755) }
        // Root may read and write everything, so it becomes nobody for this; nobody may not reach a checkout in root's
        // home, so what the runs need is copied to where everybody may.
        for (name, original) in [("diptych", Command.path), ("model", Fixture.model), ("pictures", Fixture.images)] {
            try manager.copyItem(atPath: original, toPath: folder / name)
        }
        var launcher = ["/bin/sh", "-c", "exec '\(folder / "diptych")' \"$@\""]
        if getuid() == 0 {
            let program = "/usr/bin/setpriv"
            try #require(manager.isExecutableFile(atPath: program), "setpriv (util-linux) is needed as root")
            launcher = [program, "--reuid=65534", "--regid=65534", "--clear-groups"] + launcher
        }
        func run(_ arguments: String...) throws -> Command.Result {
            try Command.run(
                arguments, environment: ["HOME": "/", "DIPTYCH_MODEL": folder / "model"], launcher: launcher)
        }
        let skipped = try run("embed", "--image", folder / "secret.png", "--text", "a")
        #expect(skipped.status == 3 && skipped.error.contains("secret.png: no permission"), "\(skipped.error)")
        try manager.createDirectory(atPath: folder / "outer/inner", withIntermediateDirectories: true)
        chmod(folder / "outer/inner", 0)
        defer { chmod(folder / "outer/inner", 0o755) }
        let inner = try run("embed", "--image", folder / "outer", "--text", "a")
        #expect(inner.status == 3 && inner.error.contains("outer/inner: no permission"), "\(inner.error)")
        expectFailure(
            try run("embed", "--text", "a", "--output", folder / "sealed/e.npy"), status: 1, saying: "no permission",
            folder / "sealed/e.npy")
        expectFailure(
            try run("index", folder / "pictures", "--store", folder / "sealed/store"), status: 1,
            saying: folder / "sealed"
        )
        let pull = try Command.run(
            ["models", "pull", "a/b"],
            environment: ["DIPTYCH_CACHE": folder / "sealed/cache", "DIPTYCH_HUB_ENDPOINT": "http://127.0.0.1:9"],
            launcher: launcher)
        expectFailure(pull, status: 1, saying: folder / "sealed/cache", "no permission")
        expectFailure(
            try run("index", folder / "closed", "--store", folder / "store"), status: 1, saying: folder / "closed",
            "no permission")
        expectFailure(try run("search", "a", "--store", folder / "closed"), status: 1, saying: folder / "closed")
        expectFailure(
            try run("embed", "--text", "a", "--model", folder / "closed"), status: 1, saying: folder / "closed")
    }
}
