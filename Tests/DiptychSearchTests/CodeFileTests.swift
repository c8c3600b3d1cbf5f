import DiptychSearch
import DiptychTestSupport
import Foundation
import Synchronization
import Testing

/// Code files: growing, crashing, damage and repair.
@Suite struct CodeFileTests {
    @Test func segmentsGrowByWholeBlocks() throws {
        let store = try CodedVectors(dimension: 24)
        #expect(store.files().state().count == 0)
        store.add(15, seed: 1)
        #expect(try store.append() == 0)
        store.add(1, seed: 2)
        #expect(try store.append() == 16)
        store.add(100, seed: 3)
        #expect(try store.append() == 96)
        #expect(try store.append() == 0)
        let state = store.files().state()
        #expect(state.count == 112 && state.last == 112)
        #expect((0..<112).map { state.id($0) } == (1...112).map { Int64($0) })
        // 64 fill the first.
        #expect(try store.paths().count == 2)
        #expect(try store.wrong() == 0)
    }

    @Test func readersSeeWhatIsAppended() throws {
        let store = try CodedVectors(dimension: 24)
        let files = store.files()
        for round in 1...10 {
            store.add(32, seed: UInt64(round))
            try store.append()
            #expect(files.state().count == 32 * round)
        }
        // What a reader holds stays as it was, also when the files go.
        let old = files.state()
        try FileManager.default.removeItem(atPath: store.folder)
        #expect(files.state().count == 0)
        #expect(try store.wrong(old) == 0)
        try store.append()
        #expect(files.state().count == 320)
    }

    @Test func thereIsOneWriterAtATime() throws {
        let store = try CodedVectors(dimension: 8)
        let first = try #require(try store.writer())
        #expect(try store.writer() == nil)
        withExtendedLifetime(first) {}
    }

    /// Stops before a change to the disk, as a crash would, and counts the changes before.
    final class Crash: Sendable {
        struct Happened: Error {}
        private let left: Mutex<Int>
        init(after steps: Int) { left = Mutex(steps) }
        var remaining: Int { left.withLock { $0 } }
        func step(_ name: String) throws {
            try left.withLock { left in
                guard left > 0 else { throw Happened() }
                left -= 1
            }
        }
    }

    @Test func aCrashAtAnyMomentOfAppendingLosesNothing() throws {
        var steps = 0
        while true {
            let store = try CodedVectors(dimension: 24)
            store.add(80, seed: 1)
            try store.append()
            store.add(100, seed: 2)
            let reader = store.files()
            let before = reader.state().count
            let crash = Crash(after: steps)
            let isDone: Bool
            do {
                try store.writer(step: crash.step)?.append(store.rows)
                isDone = true
            } catch is Crash.Happened { isDone = false }
            for state in [reader.state(), store.files().state()] {
                #expect(state.count >= before && state.count % 16 == 0)
                #expect(state.last == Int64(state.count))
                #expect(try store.wrong(state) == 0)
            }
            try store.append()
            #expect(store.files().state().count == 176)
            #expect(reader.state().count == 176)
            #expect(try store.wrong() == 0)
            if isDone { break }
            steps += 1
        }
        #expect(steps > 15)
    }

    @Test func aCrashAtAnyMomentOfCompactionLosesNothing() throws {
        var steps = 0
        while true {
            let store = try CodedVectors(dimension: 24)
            store.add(180, seed: 1)
            try store.append()
            for id: Int64 in 1...64 where id % 3 != 0 { store.vectors[id] = nil }
            for id: Int64 in 65...128 { store.vectors[id] = nil }
            let reader = store.files()
            let old = reader.state()
            let crash = Crash(after: steps)
            let isDone: Bool
            do {
                try store.writer(step: crash.step)?.compact { Set($0.filter { store.vectors[$0] != nil }) }
                isDone = true
            } catch is Crash.Happened { isDone = false }
            let query = try #require(store.vectors[30])
            for state in [old, reader.state(), store.files().state()] {
                #expect(state.last == 176)
                #expect(try store.wrong(state) == 0)
                let found = try store.search([query], 20, exact: true, state: state)[0]
                #expect(Array(found.vectors.prefix(20)) == store.nearest(query, 20, upTo: 176))
            }
            // What comes later still follows.
            _ = try store.compact()
            store.add(40, seed: 2)
            try store.append()
            let state = store.files().state()
            // 21 of the first 64 are left, in two blocks; nothing of the second; 48 of the third and 44 new ones.
            #expect(state.count == 32 + 0 + 48 + 44 - 44 % 16)
            #expect(try store.wrong() == 0)
            if isDone { break }
            steps += 1
        }
        #expect(steps > 10)
    }

    @Test func compactionLeavesSegmentsAloneThatAreAlive() throws {
        let store = try CodedVectors(dimension: 24)
        store.add(192, seed: 1)
        try store.append()
        let before = try store.paths().map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        for id: Int64 in [1, 70, 71, 72] { store.vectors[id] = nil }
        for id: Int64 in 129...150 { store.vectors[id] = nil }
        #expect(try store.compact() == 16)
        let after = try store.paths().map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        #expect(before[0] == after[0] && before[1] == after[1] && before[2] != after[2])
        #expect(try store.wrong() == 0)
    }

    @Test func aMissingFileIsMadeAgain() throws {
        for missing in 0..<3 {
            let store = try CodedVectors(dimension: 24)
            store.add(192, seed: 1)
            try store.append()
            let reader = store.files()
            #expect(reader.state().count == 192)
            try FileManager.default.removeItem(atPath: try store.paths()[missing])
            // Those behind the gap do not count.
            #expect(reader.state().count == 64 * missing)
            #expect(reader.state().last == Int64(64 * missing))
            try store.append()
            #expect(reader.state().count == 192)
            #expect(try store.wrong() == 0)
        }
    }

    @Test func filesOfAnotherStoreAreReplaced() throws {
        let store = try CodedVectors(dimension: 24)
        store.add(64, seed: 1)
        try store.append()
        let other = store.files(identity: 8)
        #expect(other.state().count == 0)
        let narrow = CodeFiles(folder: store.folder, identity: 7, dimension: 23)
        #expect(narrow.state().count == 0)
        try store.writer(other)?.append(store.rows)
        #expect(other.state().count == 64)
        #expect(store.files().state().count == 0)
    }

    @Test func wrongCodesAreNoticed() throws {
        let store = try CodedVectors(dimension: 24)
        store.add(128, seed: 1)
        try store.append()
        #expect(try store.wrong() == 0)
        store.vectors[100]?[3] += 0.5
        #expect(try store.wrong() == 1)
        let state = store.files().state()
        #expect(state.belongs { store.vectors[$0].map { $0.withUnsafeBytes { Array($0) } } })
        // The last one of a segment.
        store.vectors[64]?[3] += 0.5
        #expect(!state.belongs { store.vectors[$0].map { $0.withUnsafeBytes { Array($0) } } })
        store.vectors[64] = nil
        #expect(state.belongs { store.vectors[$0].map { $0.withUnsafeBytes { Array($0) } } })
    }

    /// Whatever a file holds, searches end well, show only what there is, and the next writer puts things right.
    @Test func damagedFilesDoNoHarm() throws {
        let store = try CodedVectors(dimension: 10, capacity: 32)
        store.add(96, seed: 1)
        try store.append()
        let paths = try store.paths()
        let originals = try paths.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
        // Where something stands: the header and the commits, the centre, ids, blocks, records; the rest are holes.
        let starts = [0, 512, 1024, 4096, 8192, 12288, 16384]
        var generator = SeededGenerator(2)
        let queries = store.queries(2, seed: 3)
        let expected = store.nearest(queries[0], 5)
        var noticed = 0
        store.threads = 1
        for round in 0..<1500 {
            let file = Int.random(in: 0..<3, using: &generator)
            var bytes = originals[file]
            switch round % 4 {
            case 0:
                let place = starts.randomElement(using: &generator)! + Int.random(in: 0..<64, using: &generator)
                bytes[place] ^= UInt8.random(in: 1...255, using: &generator)
            case 1: bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
            case 2:
                let place = starts.randomElement(using: &generator)!
                for i in place..<place + 512 { bytes[i] = UInt8.random(in: 0...255, using: &generator) }
            default: bytes += [UInt8](repeating: 1, count: Int.random(in: 1...5000, using: &generator))
            }
            try Data(bytes).write(to: URL(fileURLWithPath: paths[file]))
            let state = store.files().state()
            if state.count < 96 { noticed += 1 }
            for exact in [false, true] {
                for result in try store.search(queries, 5, exact: exact, state: state) {
                    #expect(result.vectors.allSatisfy { store.vectors[$0.id] != nil })
                    #expect(Set(result.vectors.map(\.id)).count == result.vectors.count)
                }
            }
            _ = state.masks(of: Array(1...96))
            _ = try store.wrong(state)
            if round % 20 == 0 {
                // Damage that only a comparison with the embeddings shows: as `verify` says, delete the files.
                if try store.wrong(state) > 0 { try store.writer()?.reset() }
                try store.append()
                #expect(try store.wrong() == 0)
                #expect(store.files().state().count == 96)
                #expect(try store.search(queries, 5, exact: true)[0].vectors.prefix(5) == expected[...])
            }
            try FileManager.default.removeItem(atPath: store.folder)
            try FileManager.default.createDirectory(atPath: store.folder, withIntermediateDirectories: true)
            for (path, original) in zip(paths, originals) { try Data(original).write(to: URL(fileURLWithPath: path)) }
        }
        #expect(noticed > 700)
    }

    @Test func foldersThatAreNoneAreReported() throws {
        let store = try CodedVectors(dimension: 10)
        try Data("a file".utf8).write(to: URL(fileURLWithPath: store.folder))
        #expect(store.files().state().count == 0)
        #expect(throws: StoreError.self) { try store.writer() }
    }
}
