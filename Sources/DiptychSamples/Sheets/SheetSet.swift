internal import DiptychBasics
public import DiptychMedia
internal import Foundation

/// An endless set of drawn sheets of tiles with their truth, which follows from one number.
///
/// ```swift
/// try SheetSet(seed: 7, split: .test).write(count: 50, to: "sheets")   // sheet-000000.png …, sheets.jsonl
/// ```
public struct SheetSet: Sendable {
    /// The number that the set follows from.
    public let seed: UInt64
    /// Which of the three sets of this number it is.
    public let split: SheetSplit

    /// A set of sheets. Those of other seeds, and of other splits, have nothing to do with each other.
    public init(seed: UInt64, split: SheetSplit = .test) {
        (self.seed, self.split) = (seed, split)
    }

    /// How many sheets one call writes at most.
    public static let countLimit = 100_000
    /// The name of the file with the truth.
    public static let truthName = "sheets.jsonl"

    /// Draws sheet `index`.
    ///
    /// - Returns: the sheet, its truth, and its file's JPEG quality, nil for PNG.
    /// - Throws: `SamplesError`, or `ImageError`.
    public func sheet(at index: Int) throws -> (image: Image, truth: SheetTruth, quality: Int?) {
        let purpose: UInt64 = [.train: 0x7121, .valid: 0x7641, .test: 0x7e57][split] ?? 0
        var random = SplitMix64(seed: seed, index: index, purpose: purpose)
        let plan = SheetPlan(index: index, using: &random)
        let drawn = try SheetDrawing(plan: plan).drawn(using: &random)
        let (sheet, quality) = try SheetDamage.applied(plan.degree, to: drawn, using: &random)
        let digits = String(index)
        let name = "sheet-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        let truth = SheetTruth(
            file: name + (quality == nil ? ".png" : ".jpg"), degree: plan.degree,
            language: plan.isChinese ? "zh" : "en",
            rows: plan.rows, columns: plan.columns, instruction: plan.instruction, wordsEnglish: plan.wordsEnglish,
            wordsChinese: plan.wordsChinese, boxes: sheet.boxes, matches: plan.matches)
        return (sheet.image, truth, quality)
    }

    /// Draws the first `count` sheets into a directory, which is made where it is missing, and their truth, a line a sheet, into
    /// `sheets.jsonl`, which appears last.
    ///
    /// - Parameter progress: called with the number of sheets done.
    /// - Throws: `SamplesError`, or `CancellationError` where the task is cancelled.
    public func write(count: Int, to directory: String, progress: (Int) -> Void = { _ in }) throws {
        guard (1...Self.countLimit).contains(count) else {
            throw SamplesError.outOfRange(what: "number of sheets", value: count, allowed: 1...Self.countLimit)
        }
        try FileSystem.makeDirectory(directory)
        try FileSystem.removeFile(directory + "/" + Self.truthName)
        var lines = ""
        let (work, step) = (ParallelWork(), 32)
        for start in stride(from: 0, to: count, by: step) {
            try Task.checkCancellation()
            let drawn = work.map(Array(start..<min(start + step, count))) { index in
                Result<String, any Error> {
                    let (image, truth, quality) = try sheet(at: index)
                    try Drawing.save(image, to: directory + "/" + truth.file, quality: quality)
                    return truth.line + "\n"
                }
            }
            for line in drawn { lines += try line.get() }
            progress(min(start + step, count))
        }
        try FileSystem.write(lines, to: directory + "/" + Self.truthName)
    }

    /// Reads the truth that ``write(count:to:progress:)`` wrote into a directory.
    ///
    /// - Throws: `SamplesError` where there is none, or a line is wrong.
    public static func truth(in directory: String) throws(SamplesError) -> [SheetTruth] {
        let path = directory + "/" + truthName
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .unreadable(path: path, reason: "`diptych pictures --sheets N --output \(directory)` writes it")
        }
        var sheets: [SheetTruth] = []
        for (number, line) in data.split(separator: UInt8(ascii: "\n")).enumerated() {
            do { sheets.append(try JSONDecoder().decode(SheetTruth.self, from: Data(line))) } catch {
                throw .unreadable(path: "\(path):\(number + 1)", reason: "is not the truth of a sheet")
            }
        }
        for sheet in sheets where sheet.words.count != sheet.matches.count || sheet.boxes.isEmpty {
            throw .unreadable(path: path, reason: "\(sheet.file) has no boxes, or not a list of tiles for each word")
        }
        return sheets
    }
}
