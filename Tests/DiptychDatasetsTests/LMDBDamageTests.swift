import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

/// LMDB files that are cut, garbled or lie: liblmdb maps them and trusts every number in them, so that each of these would
/// stop the process if it were given on unchecked.
struct LMDBDamageTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    /// Several levels of pages, and values with pages of their own: made by ourselves, as a fixture would be large.
    private func environment() throws -> (images: [UInt8], pairs: [UInt8]) {
        var (lines, texts) = ("", "")
        for id in 0..<400 {
            lines += "\(id * 7)\t" + String(repeating: "QUJD", count: id % 5 == 0 ? 1500 : 20) + "\n"
            texts += "{\"text_id\": \(id), \"text\": \"文本 \(id)\", \"image_ids\": [\(id * 7), 0]}\n"
        }
        try folder.write(lines, to: "train_imgs.tsv")
        try folder.write(texts, to: "train_texts.jsonl")
        let part = try DatasetFiles.chineseClip(split: "train", in: folder.path)
        _ = try DatasetConversion(to: .lmdb, output: folder.path("whole")).write(part, as: "train")
        return (
            try folder.bytes("whole/lmdb/train/imgs/data.mdb"), try folder.bytes("whole/lmdb/train/pairs/data.mdb")
        )
    }

    /// Reads every row, and gives how many could be read.
    @discardableResult private func read(
        images: [UInt8], pairs: [UInt8], notes: DatasetNotes = DatasetNotes(), converts: Bool = false
    ) throws -> (rows: Int, errors: [DatasetError]) {
        try folder.makeFolder("train/imgs")
        try folder.makeFolder("train/pairs")
        try folder.write(images, to: "train/imgs/data.mdb")
        try folder.write(pairs, to: "train/pairs/data.mdb")
        var options = DatasetOptions()
        options.notes = notes
        var (rows, errors): (Int, [DatasetError]) = (0, [])
        do throws(DatasetError) {
            let dataset = try DatasetFiles.open([folder.path("train")], options: options)
            for record in dataset.records {
                if let error = record.failure { errors.append(error) } else { rows += 1 }
            }
        } catch { errors.append(error) }
        // The same through the other way of reading, which writes and takes longer.
        if converts, let part = try? DatasetFiles.splits([folder.path("train")]).first {
            var conversion = DatasetConversion(to: .chineseClip, output: folder.path("out"))
            conversion.seed = 1
            _ = try? conversion.write(part, as: "train")
        }
        return (rows, errors)
    }

    @Test("A file that is cut anywhere is refused or read as far as it goes, and never stops the process")
    func cut() throws {
        let (images, pairs) = try environment()
        #expect(try read(images: images, pairs: pairs).rows == 400)
        for count in stride(from: 0, to: images.count, by: 4096) {
            for length in [count, count + 1, count + 2048, count + 4095] where length < images.count {
                let result = try read(images: Array(images[..<length]), pairs: pairs)
                // Behind the last value its last page is empty.
                if length <= images.count - 4096 { #expect(!result.errors.isEmpty || result.rows < 400, "\(length)") }
            }
        }
        for count in stride(from: 0, to: pairs.count, by: 1000) {
            try read(images: images, pairs: Array(pairs[..<count]))
        }
    }

    @Test("A value that lies beyond the end of the file is an error of its row, with its key, and the others are read")
    func outside() throws {
        let (images, pairs) = try environment()
        // The entry of key 35, whose value has pages to itself: flag 1, two bytes of key, and the value's page behind it.
        let entry: [UInt8] = [1, 0, 2, 0] + Array("35".utf8)
        var damaged = images
        var start = 0
        while let place = damaged[start...].firstRange(of: entry)?.upperBound {
            damaged.replaceSubrange(place..<place + 8, with: [0xFF, 0xFF, 0, 0, 0, 0, 0, 0])
            start = place
        }
        #expect(start > 0)
        let result = try read(images: damaged, pairs: pairs, converts: true)
        #expect(result.rows == 399)
        #expect(result.errors.map(\.place) == ["key 35"])
        #expect(
            String(decoding: try folder.bytes("out/train_imgs.tsv"), as: UTF8.self).split(separator: "\n").count == 399)
    }

    @Test("Five thousand files with flipped bytes, swapped pages and numbers at their limits")
    func mutations() throws {
        let (images, pairs) = try environment()
        var random = SeededGenerator(16)
        func damaged(_ bytes: [UInt8]) -> [UInt8] {
            var bytes = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let page = Int.random(in: 0..<bytes.count / 4096, using: &random) * 4096
                switch Int.random(in: 0..<5, using: &random) {
                case 0:
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                // A page's header and its offsets, which steer everything.
                case 1: bytes[page + Int.random(in: 0..<64, using: &random)] = UInt8.random(in: 0...255, using: &random)
                case 2:
                    let place = page + Int.random(in: 0..<152, using: &random) / 2 * 2
                    let limit = [0, 1, 0x7FFF, 0x8000, 0xFFFF, 16, 4096, 4095].randomElement(using: &random) ?? 0
                    bytes[place] = UInt8(limit & 0xFF)
                    bytes[place + 1] = UInt8(limit >> 8)
                case 3:
                    let other = Int.random(in: 0..<bytes.count / 4096, using: &random) * 4096
                    let copy = Array(bytes[other..<other + 4096])
                    bytes.replaceSubrange(page..<page + 4096, with: copy)
                default:
                    // The end of a page is where entries lie.
                    let place = page + 4096 - Int.random(in: 1...200, using: &random)
                    bytes[place] = UInt8.random(in: 0...255, using: &random)
                }
            }
            return bytes
        }
        var whole = 0
        for round in 0..<5000 {
            let result = try read(
                images: round % 3 == 0 ? images : damaged(images), pairs: round % 3 == 1 ? pairs : damaged(pairs),
                converts: round % 25 == 0)
            if result.errors.isEmpty { whole += 1 }
        }
        // Both happen: damage that is found, and damage within an image's own bytes.
        #expect((1..<5000).contains(whole))
    }

    @Test("Counts that lie or are missing are notes, and what is there is read")
    func counts() throws {
        let (images, pairs) = try environment()
        func lie(_ bytes: [UInt8], _ key: String, _ from: String, _ to: String) throws -> [UInt8] {
            let wanted = Array((key + from).utf8)
            var bytes = bytes
            // Pages of earlier transactions hold it too.
            var found = false
            var start = 0
            while let place = bytes[start...].firstRange(of: wanted)?.lowerBound {
                bytes.replaceSubrange(place..<place + wanted.count, with: Array((key + to).utf8))
                (start, found) = (place + 1, true)
            }
            #expect(found)
            return bytes
        }
        let notes = DatasetNotes()
        let result = try read(
            images: try lie(images, "num_images", "400", "999"), pairs: try lie(pairs, "num_samples", "800", "012"),
            notes: notes)
        #expect(result.rows == 400)
        #expect(result.errors.isEmpty)
        #expect(notes.all.map(\.place) == ["key num_images", "key num_samples"])
        #expect(notes.all.first?.reason.contains("999") == true)
        #expect(notes.all.first?.reason.contains("400") == true)
        let renamed = DatasetNotes()
        // Then it is one of the images.
        #expect(try read(images: try lie(images, "num_image", "s", "z"), pairs: pairs, notes: renamed).rows == 401)
        #expect(renamed.all.first?.reason.contains("is missing") == true)
    }

    @Test("What is no LMDB, has named databases, or another version, is one line that says so")
    func others() throws {
        let (images, pairs) = try environment()
        func reason(_ change: (inout [UInt8]) -> Void) throws -> String {
            var bytes = images
            change(&bytes)
            let error = try #require(try read(images: bytes, pairs: pairs).errors.first)
            #expect(!error.description.contains("\n"))
            return error.reason
        }
        #expect(try reason { $0 = Array("text".utf8) }.contains("not an LMDB file"))
        #expect(try reason { $0[16] = 0 }.contains("not an LMDB file"))
        #expect(try reason { $0[20] = 2 }.contains("version 2"))
        #expect(try reason { for page in [0, 4096] { $0[page + 92] = 4 } }.contains("flags"))
    }

    @Test("A folder that may not be written to is read")
    func readOnly() throws {
        let (images, pairs) = try environment()
        try read(images: images, pairs: pairs)
        for name in ["train", "train/imgs", "train/pairs"] { chmod(folder.path(name), 0o555) }
        defer { for name in ["train", "train/imgs", "train/pairs"] { chmod(folder.path(name), 0o755) } }
        #expect(try DatasetFiles.open([folder.path("train")]).count == 400)
        // Nothing was written: no lock beside the data.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("train/imgs")) == ["data.mdb"])
    }
}
