import DiptychCheckpoints
import Foundation
import Testing

/// Mutated PyTorch files give tensors that can be read to the last byte, or a clean error.
@Suite struct TorchFuzzTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// How many files were read and refused.
    struct Tally {
        var opened = 0
        var refused = 0
    }

    /// Opens the file and touches every byte of its tensors.
    func open(_ data: Data, _ tally: inout Tally) throws {
        let url = try directory.write(data, "m.pt")
        do {
            let file = try PyTorchFile(path: url.path)
            for view in file.tensors.values {
                #expect(view.bytes.count == view.count * view.elementType.byteCount)
                if let mapped = view.file?.bytes, let base = mapped.baseAddress, let start = view.bytes.baseAddress {
                    let offset = start - base
                    #expect(offset >= 0 && offset + view.bytes.count <= mapped.count)
                }
                _ = view.bytes.reduce(UInt8(0), ^)
            }
            tally.opened += 1
        } catch let error as CheckpointError {
            #expect(!error.reason.isEmpty && !error.reason.contains("\n"))
            tally.refused += 1
        }
    }

    /// Changes a few bytes of `data` inside `range`, and sometimes its length.
    static func mutate(_ data: inout Data, in range: Range<Int>, _ random: inout SafetensorsFuzzTests.Random) {
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let (low, high) = (min(range.lowerBound, data.count), min(range.upperBound, data.count))
            guard low < high else { return }
            let at = Int.random(in: low..<high, using: &random)
            let end = min(high, at + Int.random(in: 1...16, using: &random))
            switch Int.random(in: 0..<9, using: &random) {
            case 0, 1: data[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: data[at] = UInt8.random(in: 0...255, using: &random)
            case 3: data[at] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
            case 4:
                // A number of four or eight bytes at the edge of what fits.
                var number = Data()
                let values: [UInt64] = [0, 1, .max, 1 << 31, 1 << 32, 1 << 60, UInt64(Int64.max), UInt64(data.count)]
                number.put(values.randomElement(using: &random) ?? 0)
                let width = min(high - at, Bool.random(using: &random) ? 4 : 8)
                data.replaceSubrange(at..<at + width, with: number.prefix(width))
            case 5: data.removeSubrange(at..<end)
            case 6:
                let to = Int.random(in: low..<high, using: &random)
                data.insert(contentsOf: Data(data[at..<end]), at: to)
            case 7:
                let to = Int.random(in: low..<high - min(high - low - 1, end - at), using: &random)
                data.replaceSubrange(to..<min(high, to + end - at), with: Data(data[at..<end]))
            default: if Int.random(in: 0..<4, using: &random) == 0 { data = Data(data.prefix(at)) }
            }
        }
    }

    @Test(arguments: ["state-2.pt", "state-4.pt", "training.pt", "script.pt"])
    func `mutated archives`(name: String) throws {
        let original = try Data(contentsOf: Fixture.url(name))
        let archive = try ZipArchive(file: MappedFile(path: Fixture.url(name).path))
        let directoryStart = archive.entries.values.map(\.data.upperBound).max() ?? 0
        let headers = archive.entries.values.map { max(0, $0.data.lowerBound - 100)..<$0.data.lowerBound }
            .sorted { $0.lowerBound < $1.lowerBound }
        var random = SafetensorsFuzzTests.Random(state: 11)
        var tally = Tally()
        for index in 0..<1_500 {
            var data = original
            // The directory and the end records, the local headers, and anywhere.
            let range =
                switch index % 3 {
                case 0: directoryStart..<data.count
                case 1: headers.randomElement(using: &random) ?? 0..<data.count
                default: 0..<data.count
                }
            Self.mutate(&data, in: range, &random)
            try open(data, &tally)
        }
        #expect(tally.opened > 100 && tally.refused > 700, "\(tally)")
    }

    @Test(arguments: ["state-2.pt", "state-4.pt", "state-5.pt", "training.pt", "script.pt"])
    func `mutated pickles`(name: String) throws {
        // Packed anew, so that sizes and checksums fit and the mutation reaches the unpickler.
        let archive = try ZipArchive(file: MappedFile(path: Fixture.url(name).path))
        var builder = ZipBuilder()
        builder.entries = archive.entries.values.filter(\.isStored).sorted { $0.name < $1.name }
            .map { .init(name: $0.name, data: Data(archive.bytes(of: $0))) }
        let place = try #require(builder.entries.firstIndex { $0.name.hasSuffix("/data.pkl") })
        let pickle = builder.entries[place].data
        var random = SafetensorsFuzzTests.Random(state: 12)
        var tally = Tally()
        try open(builder.data(), &tally)
        #expect(tally.opened == 1)
        for _ in 0..<1_500 {
            var mutated = pickle
            Self.mutate(&mutated, in: 0..<mutated.count, &random)
            builder.entries[place].data = mutated
            try open(builder.data(), &tally)
        }
        #expect(tally.opened > 100 && tally.refused > 500, "\(tally)")
    }
}
