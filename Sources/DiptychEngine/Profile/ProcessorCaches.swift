internal import Foundation

/// A level of the processor's caches, as far as some threads can use it.
public struct CacheLevel: Sendable, Hashable {
    /// 1 is the nearest.
    public let level: Int
    /// The bytes that the threads can use together: their own where each core has one, a shared one once.
    public let bytes: Int
}

extension CacheLevel {
    /// The levels from the second on that hold data, nearest first, for `threads` threads on as many cores.
    ///
    /// Linux tells them in `/sys/devices/system/cpu`; elsewhere there are none.
    static func detected(threads: Int) -> [CacheLevel] {
        let root = "/sys/devices/system/cpu"
        let processors =
            ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).filter {
                $0.hasPrefix("cpu") && Int($0.dropFirst(3)) != nil
            }
        var sizes: [Int: Int] = [:]
        var instances: [Int: Set<String>] = [:]
        for processor in processors {
            for index in 0..<8 {
                let place = "\(root)/\(processor)/cache/index\(index)"
                func read(_ name: String) -> String? {
                    (try? String(contentsOfFile: "\(place)/\(name)", encoding: .utf8))?
                        .trimmingCharacters(in: .whitespacesAndNewlines)
                }
                guard let level = read("level").flatMap({ Int($0) }), level > 1, read("type") != "Instruction",
                    let size = read("size").flatMap(bytes(of:))
                else { continue }
                sizes[level] = size
                instances[level, default: []].insert(read("shared_cpu_list") ?? processor)
            }
        }
        return sizes.keys.sorted().map { level in
            CacheLevel(level: level, bytes: sizes[level, default: 0] * min(threads, instances[level]?.count ?? 1))
        }
    }

    /// The number that the kernel writes as "1024K" or "32M".
    private static func bytes(of text: String) -> Int? {
        switch text.last {
        case "K": Int(text.dropLast()).map { $0 << 10 }
        case "M": Int(text.dropLast()).map { $0 << 20 }
        default: Int(text)
        }
    }
}
