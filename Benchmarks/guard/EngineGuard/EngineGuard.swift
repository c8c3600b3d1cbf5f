import CAllocations
import CKernels
import DiptychEngine
import DiptychModels
import DiptychCheckpoints
import Foundation

// Runs a few kernels and forward passes on one thread, each once to warm up and once measured, and prints a line for each:
// its name, and how often and for how many bytes it called the allocator. Under callgrind, told to collect inside
// diptych_guard_measured and to dump after it, the dumps give the instructions in the same order.
//
// Usage: engine-guard MODEL-DIRECTORY scalar|avx2|avx512 [small]
// "small" leaves out the large batches, which take long under callgrind.
@main
enum EngineGuard {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard (3...4).contains(arguments.count), let instructions = InstructionSet(rawValue: arguments[2]) else {
            throw EngineError("usage: engine-guard MODEL-DIRECTORY scalar|avx2|avx512 [small]")
        }
        kernels(min(instructions, .detected))
        try passes(URL(fileURLWithPath: arguments[1]), instructions, isSmall: arguments.count == 4)
    }

    /// Runs `body` twice and says what the second time cost.
    private static func measure(_ name: String, _ work: @escaping () throws -> Void) {
        let body = {
            do { try work() } catch {
                FileHandle.standardError.write(Data("\(name): \(error)\n".utf8))
                exit(1)
            }
        }
        body()
        let boxed = Box(body)
        let (calls, bytes) = (diptych_allocation_calls(), diptych_allocation_bytes())
        withExtendedLifetime(boxed) {
            diptych_guard_measured(
                { Unmanaged<Box>.fromOpaque($0!).takeUnretainedValue().body() },
                Unmanaged.passUnretained(boxed).toOpaque())
        }
        let (newCalls, newBytes) = (diptych_allocation_calls() - calls, diptych_allocation_bytes() - bytes)
        print("\(name)\t\(newCalls)\t\(newBytes)")
    }

    private final class Box {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    private static func numbers(_ count: Int) -> [Float] { (0..<count).map { Float($0 * 37 % 251) / 125 - 1 } }

    // MARK: - Kernels

    private static func kernels(_ set: InstructionSet) {
        let isa: diptych_isa =
            switch set {
            case .scalar: DIPTYCH_ISA_SCALAR
            case .avx2: DIPTYCH_ISA_AVX2
            case .avx512: DIPTYCH_ISA_AVX512
            }
        let (rows, width, heads) = (50, 768, 12)
        let input = numbers(rows * 3 * width)
        let (gain, bias) = (numbers(width), numbers(width))
        let offsets: [Int32] = [0, Int32(rows)]
        let share = (diptych_attention_scratch(rows, width / heads) + 63) / 64 * 64
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: share, alignment: 64)
        let output = UnsafeMutablePointer<Float>.allocate(capacity: 3 * 224 * 224)
        let narrow = UnsafeMutablePointer<UInt16>.allocate(capacity: input.count)
        defer {
            scratch.deallocate()
            output.deallocate()
            narrow.deallocate()
        }
        let pixels = numbers(3 * 224 * 224)
        measure("layer norm fp32") {
            diptych_layer_norm(isa, 1, input, gain, bias, 1e-5, output, DIPTYCH_F32, rows, width)
        }
        measure("layer norm bf16") {
            diptych_layer_norm(isa, 1, input, gain, bias, 1e-5, output, DIPTYCH_BF16, rows, width)
        }
        measure("attention fp32") {
            diptych_attention(
                isa, 1, input, output, DIPTYCH_F32, offsets, 1, heads, width / heads, 0, scratch, share)
        }
        measure("narrow bf16") { diptych_narrow_bf16(isa, input, narrow, input.count) }
        measure("attention bf16, causal") {
            diptych_attention(
                isa, 1, narrow, output, DIPTYCH_BF16, offsets, 1, heads, width / heads, 1, scratch, share)
        }
        measure("patchify") { diptych_patchify(isa, 1, pixels, 1, 224, 224, 32, output, DIPTYCH_F32) }
        measure("dot rows") { diptych_dot_rows(isa, gain, input, 3 * rows, width, output) }
    }

    // MARK: - Passes

    private static func passes(_ folder: URL, _ instructions: InstructionSet, isSmall: Bool) throws {
        let configuration = try CLIPConfiguration(huggingFace: folder.appendingPathComponent("config.json"))
        let root = Parameters(try Checkpoint(at: folder))
        let engine = try CPUEngine(precision: .fp32, threads: 1, instructions: instructions)
        let vision = try VisionTower(root, configuration, engine: engine)
        let text = try TextTower(root, configuration, engine: engine)
        let size = configuration.vision.imageSize
        for count in isSmall ? [1] : [1, 8] {
            let pixels = PixelBatch(values: numbers(count * 3 * size * size), count: count, size: size)
            _ = try vision(pixels)
            measure("image pass, batch \(count)") { _ = try vision(pixels) }
        }
        for count in isSmall ? [4] : [4, 64] {
            let tokens = TokenBatch((0..<count).map { index in (0..<3 + index % 14).map { Int32($0 + 1) } })
            _ = try text(tokens)
            measure("text pass, batch \(count)") { _ = try text(tokens) }
        }
    }
}
