import DiptychCheckpoints
import Foundation
import Testing

/// Archives whose directories lie are refused by a line that names what is wrong.
@Suite struct TorchZipTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    static let pickle = Pickle.file(
        Pickle.dictionary([
            ("w", Pickle.tensor(Pickle.storage(Pickle.text("0"), count: 2), shape: [2], strides: [1]))
        ]))

    static func builder(_ change: (inout ZipBuilder) -> Void = { _ in }) -> ZipBuilder {
        var builder = ZipBuilder(pickle: pickle, records: [("0", bytes(of: [1, 2]))])
        change(&builder)
        return builder
    }

    /// An entry that lies inside another one, each with all its headers in order.
    static let overlapping: ZipBuilder = {
        var inner = ZipBuilder.Entry(name: "b", data: Data([1]), flags: 0)
        let bytes = ZipBuilder(entries: [inner]).segments().parts[0].data
        inner.place = 64
        return builder { $0.entries = [.init(name: "outer", data: bytes)] + $0.entries + [inner] }
    }()

    /// The place of the record in the builder's entries.
    static let record = 2

    @Test(arguments: [
        builder(), builder { $0.hasWideEnd = false }, builder { $0.entries[record].isWide = true },
        builder { $0.entries[record].flags = 0 }, builder { $0.comment = Data("a comment".utf8) },
        builder { $0.narrowCount = .max }, builder { $0.entries.append(.init(name: "a/", data: Data())) },
        builder { $0.comment = Data(repeating: 0, count: 60_000) },
    ])
    func `honest archives are read`(builder: ZipBuilder) throws {
        let checkpoint = try Checkpoint(at: directory.write(builder.data(), "m.pt"))
        #expect(checkpoint.tensors["w"]?.floats() == [1, 2])
    }

    static let lies: [(says: String, ZipBuilder)] = [
        ("'a/data/0' is compressed (method 8)", builder { $0.entries[record].method = 8 }),
        ("'a/data.pkl' is compressed (method 12)", builder { $0.entries[0].method = 12 }),
        ("'a/data/0' is encrypted", builder { $0.entries[record].flags = 0x809 }),
        ("'a/data/0' has the unknown flags", builder { $0.entries[record].flags = 0x818 }),
        ("disks", builder { $0.disk = 1 }),
        ("'a/data/0' is on another disk", builder { $0.entries[record].disk = 1 }),
        ("two entries called 'a/data/0'", builder { $0.entries.append($0.entries[record]) }),
        ("'outer' and 'b' overlap", overlapping),
        ("disagree about 'b'", builder { $0.entries.append(.init(name: "b", data: Data([1]), place: 0)) }),
        (
            "'../../etc/passwd' is no plain path",
            builder { $0.entries.append(.init(name: "../../etc/passwd", data: Data())) }
        ),
        ("'/etc/passwd' is no plain path", builder { $0.entries[record].name = "/etc/passwd" }),
        ("'a\\data' is no plain path", builder { $0.entries[record].name = "a\\data" }),
        ("'a?b' is no plain path", builder { $0.entries[record].name = "a\nb" }),
        ("disagree about 'a/data/0'", builder { $0.entries[record].localName = "a/data/1" }),
        ("disagree about 'a/data/0'", builder { $0.entries[record].localMethod = 8 }),
        ("disagree about 'a/data/0'", builder { $0.entries[record].localSize = 9 }),
        ("the descriptor after its entry 'a/data/0'", builder { $0.entries[record].describedSize = 9 }),
        ("reaches beyond the file's data", builder { $0.entries[record].size = 1 << 20 }),
        (
            "reaches beyond the file's data",
            builder { lie in
                lie.entries[record].isWide = true
                lie.entries[record].size = 1 << 60
            }
        ),
        (
            "starts at byte",
            builder { lie in
                lie.entries[record].isWide = true
                lie.entries[record].place = .max - 3
            }
        ),
        ("starts at byte 1048576, outside", builder { $0.entries[record].place = 1 << 20 }),
        (
            "lacks the zip64 sizes",
            builder { lie in
                lie.entries[record].isWide = true
                lie.entries[record].wideLength = 16
            }
        ),
        (
            "lacks the zip64 sizes",
            builder { lie in
                lie.entries[record].isWide = true
                lie.entries[record].wideLength = .max
            }
        ),
        ("more than the 100000 that are read", builder { $0.count = 1 << 60 }),
        ("fewer entries", builder { $0.count = 5 }),
        ("more than the 3 entries", builder { $0.count = 3 }),
        ("the zip64 form", builder { $0.narrowCount = 3 }),
        ("zip64 end record is not where", builder { $0.wideEndPlace = .max }),
        ("zip64 end record is not where", builder { $0.wideEndPlace = 0 }),
        ("does not end where", builder { $0.directoryStart = 0 }),
        ("does not end where", builder { $0.directoryStart = .max - 10 }),
        ("'a/data.pkl' does not fit its checksum", builder { $0.entries[0].checksum = 1 }),
        ("'a/byteorder' does not fit its checksum", builder { $0.entries[1].checksum = 1 }),
        ("little-endian", builder { $0.entries[1].data = Data("big".utf8) }),
        ("it has no data.pkl", builder { $0.entries[0].name = "word/document.xml" }),
        ("it has no data.pkl", builder { $0.entries[0].name = "data.pkl" }),
        ("before PyTorch 1.4", builder { $0.entries[0].name = "a/model.json" }),
        ("has 2 data.pkl", builder { $0.entries.append(.init(name: "b/data.pkl", data: Data(pickle))) }),
        ("names the record 'a/data/0'", builder { $0.entries[record].name = "b/data/0" }),
        ("names the record 'a/data/0'", ZipBuilder(pickle: pickle)),
        ("has only 4 bytes", builder { $0.entries[record].data = bytes(of: [1]) }),
    ]

    @Test(arguments: lies.indices)
    func `lies are refused by name`(index: Int) throws {
        let (says, builder) = Self.lies[index]
        let error = try #require(throws: CheckpointError.self) {
            try Checkpoint(at: directory.write(builder.data(), "m.pt"))
        }
        #expect(error.kind == .malformed || error.kind == .unsupported)
        #expect(error.reason.contains(says) && !error.reason.contains("\n"), "\(says): \(error.reason)")
    }

    @Test func `a file that is cut anywhere is refused`() throws {
        let whole = Self.builder().data()
        for count in 4..<whole.count {
            #expect(throws: CheckpointError.self, "\(count)") {
                try Checkpoint(at: directory.write(whole.prefix(count), "m.pt"))
            }
        }
    }
}
