import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;

/** Loads the tensor engine once, which unpacks its natives to DJL_CACHE_DIR, and proves it with one sum. */
final class UnpackEngine {
  private UnpackEngine() {}

  public static void main(String[] arguments) {
    try (NDManager manager = NDManager.newBaseManager()) {
      float sum = manager.create(new float[] {1, 2, 3}).sum().getFloat();
      if (sum != 6f) {
        throw new IllegalStateException("the engine adds 1, 2 and 3 to " + sum);
      }
      System.out.println(
          "engine " + Engine.getInstance().getEngineName() + " " + Engine.getInstance().getVersion());
    }
  }
}
