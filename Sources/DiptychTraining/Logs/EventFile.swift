internal import Foundation

/// Numbers of a run as TensorBoard reads them: an event file of records (TFRecord), each a `tensorflow.Event`.
///
/// Formats: `tensorflow/core/lib/io/record_writer.cc`, `tensorflow/core/util/event.proto`,
/// `tensorflow/core/framework/summary.proto`.
final class EventFile {
    private let handle: FileHandle

    /// Starts a file in a folder; nil where it cannot be written.
    init?(folder: String) {
        let now = Date()
        let path =
            "\(folder)/events.out.tfevents.\(Int(now.timeIntervalSince1970)).\(ProcessInfo.processInfo.hostName)."
            + "\(ProcessInfo.processInfo.processIdentifier)"
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { return nil }
        self.handle = handle
        var event = Message()
        event.add(1, now.timeIntervalSince1970)
        event.add(3, Array("brain.Event:2".utf8))
        record(event.bytes)
    }

    /// Adds numbers of a step.
    func write(step: Int, _ numbers: [(String, Double)]) {
        var summary = Message()
        for (name, number) in numbers where number.isFinite {
            var value = Message()
            value.add(1, Array(name.utf8))
            value.add(2, Float(number))
            summary.add(1, value.bytes)
        }
        var event = Message()
        event.add(1, Date().timeIntervalSince1970)
        event.add(2, UInt64(max(0, step)))
        event.add(5, summary.bytes)
        record(event.bytes)
    }

    private func record(_ data: [UInt8]) {
        let length = withUnsafeBytes(of: UInt64(data.count).littleEndian, Array.init)
        func check(_ bytes: [UInt8]) -> [UInt8] { withUnsafeBytes(of: CRC32C.masked(bytes).littleEndian, Array.init) }
        try? handle.write(contentsOf: Data(length + check(length) + data + check(data)))
    }

    deinit { try? handle.close() }
}

/// A message of protocol buffers, as far as events need it.
private struct Message {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ field: UInt64, _ value: Double) {
        varint(field << 3 | 1)
        bytes += withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init)
    }

    mutating func add(_ field: UInt64, _ value: Float) {
        varint(field << 3 | 5)
        bytes += withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init)
    }

    mutating func add(_ field: UInt64, _ value: UInt64) {
        varint(field << 3)
        varint(value)
    }

    mutating func add(_ field: UInt64, _ value: [UInt8]) {
        varint(field << 3 | 2)
        varint(UInt64(value.count))
        bytes += value
    }

    private mutating func varint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }
}

/// The checksum of TFRecord: CRC-32C (Castagnoli, polynomial 0x82F63B78 reflected), turned and moved as TensorFlow does.
private enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
    }

    static func masked(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes { crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
        crc = ~crc
        return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
    }
}
